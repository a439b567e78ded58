"""Checks what a text says was heard, and whether somebody is said to have fallen."""

import re
from collections.abc import Iterator

from services.vocabulary import Claim, CueName, Event, Support
from vlm_service.dialogue.grounding.gated import Gated
from vlm_service.dialogue.grounding.sentences import Sentence

_HEARD = {
    CueName.CRY: r"cry(?:ing)?|cries|cried(?! out)|sob(?:s|bed|bing)?|weep(?:s|ing)?|wept|wail(?:s|ed|ing)?|tears",
    CueName.SCREAM: r"scream(?:s|ed|ing)?|shriek(?:s|ed|ing)?|screech(?:es|ed|ing)?|howl(?:s|ed|ing)?",
    CueName.WHIMPER: r"whimper(?:s|ed|ing)?|whin(?:e|es|ed|ing)",
    CueName.MOAN: r"moan(?:s|ed|ing)?",
    CueName.GROAN: r"groan(?:s|ed|ing)?",
    CueName.SIGH: r"sigh(?:s|ed|ing)?",
    CueName.SHOUT: r"shout(?:s|ed|ing)?|yell(?:s|ed|ing)?|call(?:s|ed|ing) (?:out|for help)|cried out",
    CueName.LAUGHTER: r"laugh(?:s|ed|ing|ter)?|giggl(?:e|es|ed|ing)|chuckl(?:e|es|ed|ing)",
    CueName.COUGH: r"cough(?:s|ed|ing)?",
    CueName.FALL_NOISE: r"(?:noise like a fall|fall noise|thud|thump|sound of a fall|crash(?:ing)?(?: sound|"
    r" noise)?|bang)",
    CueName.GLASS: r"(?:breaking|broken|shattering) glass|(?:glass|window)(?: pane)? (?:was |has been |"
    r"is )?(?:broke|broken|breaking|shattered)",
    CueName.FALL: r"fall (?:was |is )?seen|saw a fall",
    CueName.ALARM: r"alarm sounds?|alarm (?:rang|sounded|ringing|is ringing|went off|was heard)|siren|(?:smoke|"
    r"fire) alarm",
}
_SOUND = Gated(
    r"\b(?:" + "|".join(f"(?P<{cue.name}>{words})" for cue, words in _HEARD.items()) + r")\b",
    "cry|crie|sob|weep|wept|wail|tears|scream|shriek|screech|howl|whimper|whin|moan|groan|sigh|shout|yell|call|laugh|"
    "giggl|chuckl|cough|fall|thud|thump|crash|bang|glass|window|alarm|siren",
)
_SOME = Gated(
    r"\b(?:sounds?|noises?|vocali[sz]ations?) (?:was|were|is|are|can be|could be) (?:\w+ly )?(?:heard|recorded|"
    r"detected|audible)\b",
    "noise|sound|vocali",
)
_SILENCE = Gated(
    r"\b(?:no (?:\w+ )?(?:sounds?|noises?|vocali[sz]ations?|audio events?|audio cues?)\b|"
    r"(?:just|only|complete|total|perfect) silence|(?:completely|entirely|totally|perfectly|quite) silent|"
    r"(?:room|microphone|audio(?: channel)?|resident|person|he|she) (?:is|was|stayed|remained|stays|remains) "
    r"(?:\w+ly )?(?:silent|quiet|mute|clear|empty|unremarkable)|in silence|without (?:a|any|making a) (?:sound|noise)|"
    r"(?:does|did|do|has|have) not (?:make|made|utter(?:ed)?|vocali[sz]ed?) (?:a |any )?(?:sound|noise)?|"
    r"nothing (?:unusual |at all |notable )?(?:in the audio|audible|(?:was|is|has been) (?:heard|recorded|"
    r"picked up)|can be heard|"
    r"on the microphone))",
    "sound|noise|vocali|audio|silen|quiet|mute|clear|empty|unremarkable| not |nothing",
)
_NOT_HEARD = re.compile(
    r"(?: (?:sounds?|noises?|and|or|\w+ing))* (?:(?:was|were|is|are|could|can|has|have|had)(?: not|n't| never)"
    r"(?: actually| ever| yet)?(?: been| be)? (?:heard|detected|recorded|registered|noticed|picked up|audible|present|"
    r"found|observed)|(?:was|were|is|are) (?:absent|missing))\b"
)
"""Behind the name of a sound: that it was not there."""
_SPAN = r"(?:current |whole |last |observed )?(?:window|minute|recording|observation|period|episode|interval)"
_BEGINNING = re.compile(
    rf"\b(?:beginning|start|outset|early|first (?:few )?(?:seconds?|half|third|part)) (?:of|in|on in) the {_SPAN}|"
    r"\b(?:right |just )?at the (?:start|beginning|outset)\b|\bin the first (?:few )?seconds?\b|\bearly on\b"
)
_END = re.compile(
    rf"\b(?:end|close|late|last (?:few )?(?:seconds?|half|third|part)) (?:of|in) the {_SPAN}|\b(?:right |just )?"
    r"(?:at|towards?|near) the (?:very )?end\b|\bin the (?:last|final) (?:few )?seconds?\b|"
    r"\b(?:moments|seconds|just|immediately|right) before (?:the (?:alert|event|alarm)|it opened|now)\b"
)
_UNSURE = re.compile(
    r"\b(?:low|weak|poor|little|small|doubtful) (?:probability|confidence|certainty|likelihood)\b|"
    r"\b(?:faint|uncertain)ly\b|\b(?:is|was|remains) (?:doubtful|uncertain|questionable)\b"
)
_SURE = re.compile(
    r"\b(?:high|strong|great|full|near) (?:probability|confidence|certainty|likelihood)\b|"
    r"\b(?:certain|clear|unmistakab)ly\b"
)
_EARLY, _LATE = 0.34, 0.66
"""Shares of the window that are its beginning and its end (source: guess)."""
_FELL = Gated(
    r"\b(?:(?:has |had |have )?fallen(?! asleep)|fell (?:down|over|to the|on the|out of|from)|"
    r"(?:a|the) fall (?:has |had )?(?:occurred|happened|took place|was (?:seen|heard|detected|recorded|registered))|"
    r"(?:lying|lies|lay|sitting|sits|found|is|was|landed|ended up) (?:\w+ )?on the (?:floor|ground)|collapsed (?:on|"
    r"to|onto)|"
    r"(?:hit|struck) the (?:floor|ground)|slipped and|tripped (?:and|over)|(?:had|suffered|took) a (?:bad |hard )?fall|"
    r"after (?:the|a|his|her|their) fall|tumbled)\b",
    "fall|fell|floor|ground|slipped and|tripped|tumbled|collapsed",
)
_LIKE = {
    CueName.MOAN: (CueName.MOAN, CueName.GROAN, CueName.VOCALISATION_UNRESOLVED),
    CueName.GROAN: (CueName.MOAN, CueName.GROAN, CueName.VOCALISATION_UNRESOLVED),
    CueName.CRY: (CueName.CRY, CueName.WHIMPER),
    CueName.WHIMPER: (CueName.WHIMPER, CueName.CRY),
    CueName.SHOUT: (CueName.SHOUT, CueName.SCREAM),
    CueName.SCREAM: (CueName.SCREAM, CueName.SHOUT),
}
"""Names that people use for one another's sounds: a claim holds if one of them was heard."""
_CLEARLY = 0.5
"""Probability from which a sound was heard clearly, so that denying it is wrong (source: guess)."""
_SURELY = 0.7
"""Probability that nobody would call low; less than the rest of it, nobody high (source: guess)."""
_FALL_SIGNS = ("pose.", "audio.cue.fall")


def cue_in(text: str) -> CueName | None:
    """The one sound that `text` (lower case) speaks of; None where there is none, or more than one."""
    found = {str(one.lastgroup) for one in _SOUND.finditer(text)}
    return CueName[found.pop()] if len(found) == 1 else None


def sound_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """Every sound that `sentence` says was heard or was not, judged."""
    for one in _SOUND.finditer(sentence.text):
        if sentence.possible(one.start()) or sentence.habitual(one.start()):
            continue
        cue = CueName[str(one.lastgroup)]
        heard = max((c.probability for c in event.evidence.cues if c.name in _LIKE.get(cue, (cue,))), default=-1.0)
        name, words = cue.channel, _around(sentence, one)
        if sentence.denied(one.start()) or _NOT_HEARD.match(sentence.text, one.end()):
            wrong = heard >= _CLEARLY
            why = f"{cue.value} was told with probability {heard:.2f}"
        else:
            wrong = heard < 0.0
            why = f"no {cue.value.replace('_', ' ')} was told"
        yield Claim(words, name, Support.CONTRADICTED, why) if wrong else Claim(words, name, Support.SUPPORTED)
        if not wrong and heard >= 0.0:
            yield from _when(sentence, one, cue, event)
            yield from _how_sure(sentence, one, cue, heard)
    for one in _SOME.finditer(sentence.text):
        if not (sentence.possible(one.start()) or sentence.denied(one.start()) or event.evidence.cues):
            yield Claim(one.group(), "", Support.CONTRADICTED, "no sound was told")
    for one in _SILENCE.finditer(sentence.text):
        if sentence.possible(one.start()) or sentence.habitual(one.start()) or _SOUND.search(sentence.text):
            continue
        loud = [cue for cue in event.evidence.cues if cue.probability >= _CLEARLY and cue.name is not CueName.FALL]
        why = f"{loud[0].name.value} was told with probability {loud[0].probability:.2f}" if loud else ""
        yield Claim(one.group(), "", Support.CONTRADICTED if loud else Support.SUPPORTED, why)


def _when(sentence: Sentence, one: re.Match[str], cue: CueName, event: Event) -> Iterator[Claim]:
    """At the beginning or at the end of the window, where the text says so."""
    window = event.evidence.window_s
    shares = [c.offset_s / window for c in event.evidence.cues if c.name is cue and window > 0 and c.offset_s >= 0]
    for pattern, least, most in ((_BEGINNING, 0.0, _EARLY), (_END, _LATE, 1.0)):
        said = pattern.search(sentence.text, *sentence.clause(one.start()))
        if said and shares:
            right = any(least <= share <= most for share in shares)
            why = "" if right else f"{cue.value} was told at {shares[0] * window:.0f} s of {window:.0f}"
            yield Claim(said.group(), cue.channel, Support.SUPPORTED if right else Support.CONTRADICTED, why)


def _how_sure(sentence: Sentence, one: re.Match[str], cue: CueName, heard: float) -> Iterator[Claim]:
    """With much or with little probability, where the text says so in words."""
    for pattern, wrong in ((_UNSURE, heard >= _SURELY), (_SURE, heard <= 1.0 - _SURELY)):
        said = pattern.search(sentence.text, *sentence.clause(one.start()))
        if said:
            why = f"{cue.value} was told with probability {heard:.2f}" if wrong else ""
            yield Claim(said.group(), cue.channel, Support.CONTRADICTED if wrong else Support.SUPPORTED, why)


def fall_claims(sentence: Sentence, event: Event) -> Iterator[Claim]:
    """A fall that `sentence` says happened: nothing but a body's height or a fall's own sign bears it out."""
    for one in _FELL.finditer(sentence.text):
        if sentence.possible(one.start()) or sentence.denied(one.start()):
            continue
        cues = [cue.name.channel for cue in event.evidence.cues]
        low = [d.channel for d in event.deviations if d.channel == "pose.hip_height" and d.z <= -2.0]
        signs = [name for name in [*cues, *low] if name.startswith(_FALL_SIGNS)]
        words = _around(sentence, one)
        if signs:
            yield Claim(words, signs[0], Support.SUPPORTED)
        else:
            yield Claim(words, "", Support.CONTRADICTED, "nothing of a fall was seen or heard")


def _around(sentence: Sentence, one: re.Match[str]) -> str:
    start, end = sentence.clause(one.start())
    return sentence.text[max(start, one.start() - 30) : min(end, one.end() + 20)].strip(" ,.;")
