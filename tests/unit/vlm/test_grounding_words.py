"""The words in which models and caregivers deny what was measured, or say it rightly.

Written by whoever wrote the code: they keep it from forgetting, they do not judge it (`written.py` does).
"""

import pytest

from services.vocabulary import Event, Support
from tests.unit.vlm.specimens import AGITATED
from tests.unit.vlm.written import CALM_NIGHT
from vlm_service.dialogue.grounding import text_claims

pytestmark = pytest.mark.unit

WRONG_OF_AGITATED = """\
Anger died down over the window.
Fear has been fading.
Anger stays within the normal range.
The person is calm and relaxed.
She looks perfectly composed.
Everything is within the usual range.
Nothing stands out.
No significant deviation from baseline was found.
The episode is already subsiding.
It has settled down.
Anger doubled during the window.
Erratic motion is only slightly elevated.
Fear is higher than anger.
Wailing was heard early on.
The audio channel was silent.
The resident did not make a sound.
The cry was detected with low confidence.
She screeched.
A siren was heard.
He collapsed onto the floor.
This is the first episode.
It has been a quiet day so far.
No prior incidents were recorded.
There were several earlier tier-2 episodes.
This happened in the middle of the night.
It is 2 am.
It happened at 9:15 pm, after bedtime.
Face and voice are aligned.
The facial expression and the voice point in the same direction.
There is no mismatch between face and voice.
The face is distressed while the voice is neutral.
The camera had a clear view of the person throughout.
The face was clearly visible.
The resident lies still.
There is no movement.
Fear deviates the most.
The score stays below the threshold.
The baseline is still being learned.
Volatility is low.
Fluctuations are within normal limits.
There was no vocalisation.
It took place in the bathroom.
Anxiety has eased.
Irritability is low.
Motion is below its usual level.
The event took place at dawn.
Erratic motion was halved.
The cry came right at the start.
The cry has a probability of 0.35.
A cry with 45 % probability was heard.
Crying was heard 20 seconds before the end.
The cry came 5 s into the window.
The person was in view for 90 % of the window.
The face was seen 75 % of the time.
The score is 2.6.
The threshold is 2.5.
Volatility is at 0.42 against a usual 0.40.
Fear peaked at 0.95.
Anger started at 0.45.
Anger rose by 6 sigma.
A fear level of 0.95.
A deviation of +6.0 sigma in anger.
At +7.5 sigma, anger is the largest deviation.
Anger (0.31) is elevated.
Anger, at 0.31, is near the usual.
Anger: 0.31.
The usual level of fear is 0.45.
A baseline of 0.6 for erratic motion.
The last window was 90 seconds long.
Over the 120 s window, fear rose.
Four tier-3 episodes were recorded in the last day.
Prior: 2 tier-1 episodes.
Two earlier alarms today.
There have been 7 episodes in the past 24 hours.
Both anger and fear fell.
Neither anger nor fear rose.
Fear and anger are both low.
Anger remains low at 0.15.
Anger shows no change.
No change in fear.
There is no elevation of anger.
Fear is absent.
There is little fear.
Hardly any anger is seen.
Happiness rose.
Sadness dominates.
Vocal energy is up.
Walking speed has increased.
The hands move faster than usual.
Erratic motion is 0.08, as usual.
Motion was normal.
Movement was smooth and steady.
The movements are slow and controlled.
No unusual movement was seen.
There is no sign of restlessness.
She was laughing.
Two cries and a scream.
Sound of breaking glass.
Groaning was heard throughout.
The resident called for help.
Nobody cried.
A scream, not a cry, was heard.
The cry is doubtful.
It was evening.
Shortly before midnight.
This took place in the resident's bedroom.
The location is the corridor.
The resident was alone in the kitchen.
The resident was in full view.
All senses agree.
The voice sounds neutral.
The face looks distressed.
Face and voice tell the same story.
The face confirms the voice.
The voice matches the face.
There is no reason to doubt the face since voice and face match.
This has never happened before.
The resident had three tier-1 episodes.
No tier-3 episodes were recorded in the last day.
""".splitlines()

WRONG_OF_CALM_NIGHT = """\
The resident is pacing up and down.
Movement shot up.
Walking speed picked up.
Moves around a lot.
The room was loud.
Loudness climbed over the minute.
Crying was heard.
It happened at lunchtime.
It is 3 pm.
The person was hardly visible.
The person was out of sight for most of the window.
Another earlier episode was recorded today.
There were several previous alerts.
This is the second episode.
Motion is within its normal range.
He fell out of bed.
Volatility is elevated.
Everything is as usual.
Motion only slightly reduced.
The senses are in conflict.
A thud was heard.
Motion is 0.2.
The resident was seen for 40 % of the window.
Loudness is -30 dBFS.
Walking speed is +2.4 sigma.
Motion is up 3.1 sigma.
Loudness rose from -62 to -57 dBFS.
Two episodes in the last 24 hours.
There was one tier-2 episode earlier.
It is the afternoon.
This happened in the day room.
Sounds were heard.
A cough was heard.
The body is out of view.
The person is more active than usual.
The resident is very active.
The person walked around.
Restlessness was observed.
Volatility doubled.
The resident is awake and pacing.
""".splitlines()

RIGHT_OF_AGITATED = """\
Anger has been building up through the window.
Fear picked up from 0.12 to 0.52.
Fear more than quadrupled.
The situation is escalating.
Anger is higher than fear.
The face is neutral while the voice is distressed.
Crying was heard towards the end of the window.
The cry is told with high confidence.
This is not the first episode today.
There were several earlier tier-3 episodes.
Erratic motion deviates the most.
It is just after 2 pm.
The face was obscured for most of the window.
The voice and the face diverge.
Fluctuations are above usual.
The resident moves around a lot.
It happened in the day room.
She was not calm.
There is a clear mismatch between voice and face.
Erratic motion is far from its usual.
Anxiety is elevated, and so is irritability.
If she had been calm, fear would be low.
Usually a calm person.
Help the resident to settle down.
Speak in a calm voice and look for a quiet place.
Stay until everything is as usual.
Watch whether it eases off.
Check whether the room is quiet.
An episode that has subsided would look different.
The cry has a probability of 0.81.
Crying was heard 2 seconds before the end.
The cry came 43 s into the window.
The face was seen 40 % of the time.
The score is 1.4.
The event scored 1.4 against a threshold of 1.0.
Fear peaked at 0.52.
At +5.1 sigma, erratic motion is the largest deviation.
Anger (0.91) is elevated.
Anger: 0.91.
The usual level of fear is 0.15.
Over the 45 s window, fear rose.
One tier-1 and three tier-3 episodes in the past 24 hours.
Both anger and fear rose.
Neither anger nor fear fell.
Nobody screamed.
A cry, not a scream, was heard.
The voice sounds distressed.
The face looks neutral.
The resident was hidden for more than half of the window.
Four episodes in the past 24 hours.
Erratic motion is 0.62, far from the usual 0.08.
It was early afternoon in the day room.
No tier-2 episodes were recorded in the last day.
The voice contradicts the face.
Vocal energy was not reported.
Whether the resident was in pain is not known.
Look for pain, a fall, or something frightening.
Take 10 minutes to sit with the resident.
Sadness is not part of the report.
Nothing is known of walking speed.
Reassure the resident and reduce noise in the day room.
Tier 1, because anger and erratic motion are far above usual.
A confidence of 0.7 seems right.
At night this would be less usual.
She has been given 2 tablets by the nurse, staff say.
Offer a drink; come back after 15 minutes.
I weigh the score of 1.4 less than the cry.
""".splitlines()

RIGHT_OF_CALM_NIGHT = """\
Motion dwindled over the minute.
The resident lies still.
No sound was heard, in the middle of the night.
The room was quiet.
There is hardly any movement.
It is the first episode.
Nothing of the kind happened before.
It is shortly after 3 am.
The person was clearly visible.
Walking speed is below usual.
Motion deviates the most.
The course is not escalating.
Motion is far below its usual level.
Motion is 0.01, usually 0.20.
The resident was seen for 90 % of the window.
Loudness is -62 dBFS, down from -57.
Walking speed is -2.4 sigma.
No episodes in the last 24 hours.
It is 03:10 at night in the bedroom.
The person is less active than usual.
Volatility is 0.04 against 0.12.
Asleep, most likely.
If breathing cannot be seen, go and look.
""".splitlines()


def contradicted(said: str, event: Event) -> bool:
    return Support.CONTRADICTED in {claim.support for claim in text_claims(said, event)}


@pytest.mark.parametrize(
    ("event", "sentences"), [(AGITATED, WRONG_OF_AGITATED), (CALM_NIGHT, WRONG_OF_CALM_NIGHT)], ids=["agitated", "calm"]
)
def test_it_finds_what_the_measurements_deny(event: Event, sentences: list[str]) -> None:
    assert [said for said in sentences if not contradicted(said, event)] == []


@pytest.mark.parametrize(
    ("event", "sentences"), [(AGITATED, RIGHT_OF_AGITATED), (CALM_NIGHT, RIGHT_OF_CALM_NIGHT)], ids=["agitated", "calm"]
)
def test_it_denies_nothing_that_is_so_or_that_is_no_claim(event: Event, sentences: list[str]) -> None:
    assert [said for said in sentences if contradicted(said, event)] == []
