"""German words as the English that the checks of claims read: what a model writes of measurements, sounds, changes,
times, counts and rooms (source: guess, after the English lists and the page's German labels)."""

_VERBS = {
    "rose": (
        "stieg|stiegen|steigt|steigen|gestiegen|anstieg|angestiegen|ansteigt|ansteigen|zunahm|zugenommen|"
        "zunimmt|zunahme|erhöhung|steigerung|zunehmen|wuchs|gewachsen|wächst|kletterte|geklettert|sprang|"
        "hochgegangen|verstärkt|verschlimmert|anschwoll"
    ),
    "fell": (
        "rückgang|abnahme|abfall|fiel|fielen|sank|sanken|sinkt|sinken|gesunken|gefallen|abgenommen|"
        "abnahm|abnimmt|abnehmen|zurückgegangen|zurückging|zurückgeht|nachgelassen|nachließ|nachlässt|"
        "abgeklungen|abklang|abklingt|abgesunken"
    ),
    "doubled": "verdoppelt|verdoppelte",
    "tripled": "verdreifacht|verdreifachte",
    "halved": "halbiert|halbierte",
    "changed": "verändert|veränderte|veränderten|geändert|änderte|änderten",
    "elevated": "erhöht|erhöhte|erhöhter|erhöhtes|erhöhten|erhöhtem|gesteigert|gesteigerte|gesteigerten",
    "reduced": (
        "verringert|verringerte|verringerten|vermindert|verminderte|verminderten|gesenkt|gesenkte|"
        "reduziert|reduzierte|erniedrigt|erniedrigte"
    ),
    "rising": ("steigend|steigende|steigender|steigendes|steigenden|zunehmend|zunehmende|zunehmenden|zunehmender"),
    "falling": "sinkend|sinkende|sinkenden|fallend|fallende|fallenden|abnehmend|abnehmende|abnehmenden",
}
_DEGREES = {
    "higher": (
        "höher|höhere|höherer|höheres|höheren|größer|größere|größeren|stärker|stärkere|stärkeren|stärkeres|mehr"
    ),
    "lower": (
        "niedriger|niedrigere|niedrigeren|geringer|geringere|geringeren|kleiner|tiefer|schwächer|"
        "schwächere|schwächeren|weniger"
    ),
    "louder": "lauter",
    "quieter": "leiser",
    "faster": "schneller",
    "slower": "langsamer",
    "high": "hoch|hohe|hoher|hohes|hohen",
    "low": "niedrig|niedrige|niedriges|gering|geringe|geringes",
    "slightly": "leicht|etwas|geringfügig|minimal|unwesentlich",
    "markedly": "deutlich|erheblich|merklich|klar",
    "strongly": "stark|massiv",
    "very": "sehr|äußerst|überaus",
    "hardly": "kaum|schwerlich",
    "unchanged": "unverändert|unveränderte|unveränderter|gleichbleibend|gleichgeblieben",
    "constant": "konstant|konstante|stabil|stabile|gleichmäßig",
    "unremarkable": "unauffällig|unauffällige|unauffälligen|unauffälliger",
    "unusually": "ungewöhnlich|ungewohnt",
    "erratic": "fahrig|erratisch",
    "more erratic": "fahriger|erratischer",
}
_THINGS = {
    "fear": "angst|furcht|ängstlichkeit",
    "anger": "ärger|ärgers|wut|zorn",
    "sadness": "trauer|traurigkeit",
    "happiness": "freude",
    "surprise": "überraschung",
    "disgust": "ekel",
    "contempt": "verachtung",
    "arousal": "erregung",
    "valence": "valenz",
    "restlessness": "unruhe",
    "vocal energy": "stimmenergie|stimmkraft|stimmstärke|sprechenergie|stimmintensität",
    "pitch": "stimmhöhe|tonhöhe",
    "loudness": "lautstärke|geräuschpegel|schallpegel|lärmpegel",
    "movement": "bewegung|bewegungen",
    "amount of motion": "bewegungsmenge|bewegungsumfang|bewegungsanteil",
    "erratic motion": "bewegungsunruhe|fahrigkeit",
    "walking speed": "gehtempo|gehgeschwindigkeit|schritttempo",
    "hand speed": "handtempo|handgeschwindigkeit|handbewegung|handbewegungen",
    "hip height": "hüfthöhe",
    "torso angle": "rumpfneigung|rumpfwinkel|oberkörperneigung",
    "volatility": "volatilität|schwankungsindex",
    "fluctuations": "schwankungen|stimmungsschwankungen|gefühlsschwankungen",
    "transition rate": "wechselrate|übergangsrate",
    "the score": "score|punktwert|gesamtwert|gesamtscore|punktzahl|gesamtpunktzahl",
    "threshold": "schwelle|schwellenwert|schwellwert|grenzwert",
    "window": "fenster|fensters|zeitfenster|zeitfensters|beobachtungsfenster|messfenster",
    "recording": "aufnahme|aufzeichnung",
    "probability": "wahrscheinlichkeit|sicherheit",
    "face": "gesicht|gesichts|gesichtsausdruck|mimik",
    "voice": "stimme",
    "body": "körper|körpers|körperhaltung",
    "senses": "sinne",
    "channels": "kanäle|messkanäle",
    "conflict": "konflikt|konflikte|widerspruch|widersprüche",
    "camera": "kamera",
    "percent": "prozent",
    "seconds": "sekunden",
    "second": "sekunde",
    "times": "mal|fache|fachen",
    "minutes": "minuten",
    "hours": "stunden",
    "degrees": "grad",
    "time": "zeit",
    "tier": "stufe|dringlichkeitsstufe",
    "sigma": "standardabweichungen",
    "event": "ereignis|vorfall|episode|vorkommnis",
    "events": "ereignisse|ereignissen|vorfälle|vorfällen|episoden|vorkommnisse|vorkommnissen",
    "alert": "alarmmeldung|meldung",
    "alerts": "alarme|alarmen|meldungen|alarmmeldungen",
    "person": "bewohnerin|bewohner|bewohners|betroffene",
    "floor": "boden|fußboden",
}
_SOUNDS = {
    "crying": "weinen|weint|weinte|geweint|weinend|schluchzen|schluchzt|schluchzte|schluchzend",
    "screaming": "schreien|schreit|schrie|geschrien|schrei|schreie|kreischen|kreischt|aufschrei|schreiend",
    "whimpering": "wimmern|wimmert|wimmerte|gewimmer|winseln|wimmernd",
    "moaning": "stöhnen|stöhnt|stöhnte|gestöhnt|stöhnend",
    "groaning": "ächzen|ächzt|ächzte",
    "sighing": "seufzen|seufzt|seufzte|seufzer",
    "shouting": "rufen|ruft|rief|gerufen|hilferuf|hilferufe|rufe|brüllen|brüllt",
    "coughing": "husten|hustet|hustete",
    "laughter": "lachen|lacht|lachte|gelacht|gelächter",
    "siren": "sirene|alarmton",
    "fall noise": "sturzgeräusch|aufprallgeräusch|aufprall|poltern",
    "sound": "geräusch|laut|ton",
    "sounds": "geräusche|laute",
}
_FUNCTION = {
    "the": "der|die|das|den|dem|des",
    "a": "ein|eine|einen|einem|einer|eines",
    "no": "kein|keine|keinen|keinem|keiner|keinerlei",
    "not": "nicht",
    "never": "nie|niemals",
    "nobody": "niemand",
    "nothing": "nichts",
    "without": "ohne",
    "neither": "weder",
    "is": "ist|liegt|beträgt|wird|bleibt|wirkt|steht|sei",
    "was": "war|lag|betrug|wurde|blieb|wirkte|stand|worden",
    "are": "sind|liegen|werden|bleiben",
    "were": "waren|wurden|lagen|blieben",
    "has": "hat",
    "have": "haben",
    "had": "hatte|hatten",
    "and": "und|sowie",
    "or": "oder",
    "with": "mit",
    "at": "bei|am|an|um",
    "to": "auf|bis|zum|zur",
    "in": "im|innerhalb",
    "from": "von|vom",
    "of": "davon",
    "between": "zwischen",
    "room": "zimmer|raum",
    "bed": "bett",
    "than": "als",
    "for": "für|seit",
    "about": "etwa|rund|ca|circa|ungefähr",
    "before": "davor|zuvor|vorher|vor",
    "but": "aber|jedoch|doch|sondern",
    "while": "während",
    "although": "obwohl|obgleich",
    "because": "weil|da|denn",
    "he": "er",
    "she": "sie",
    "it": "es",
    "his": "sein|seine|seinen|seinem|seiner",
    "her": "ihr|ihre|ihren|ihrem|ihrer",
    "usual": "üblich|übliche|üblichen|übliches|üblicher|gewohnt|gewohnten|gewohnte",
    "normal": "normal|normale|normalen|normales|normaler",
    "usually": "üblicherweise|normalerweise|gewöhnlich|sonst|meist|meistens|oft|häufig|immer|typischerweise",
    "possibly": (
        "möglicherweise|vielleicht|vermutlich|wahrscheinlich|eventuell|evtl|womöglich|wohl|anscheinend|"
        "scheint|scheinbar|könnte|könnten|kann|können|mag|dürfte|möglich|mögliche|möglicher|denkbar|"
        "hypothese|verdacht|unklar|unbekannt|ungewiss|fraglich"
    ),
    "if": "falls|wenn|sofern",
    "whether": "ob",
    "should": "sollte|sollten|soll|sollen|müsste|würde|würden|bitte",
    "check whether": "prüfen|nachsehen|klären|überprüfen",
    "not known": "unbekannte",
    "very calm": "entspannt|gelassen",
    "earlier": (
        "frühere|früheren|früherer|früheres|vorherige|vorherigen|vorangegangene|vorangegangenen|vorausgegangene"
    ),
    "one": "eins|einmal",
    "two": "zwei|zweimal",
    "three": "drei|dreimal",
    "four": "vier|viermal",
    "five": "fünf",
    "six": "sechs",
    "several": "mehrere|mehreren|etliche|zahlreiche",
    "heard": "gehört|hörbar|vernommen",
    "detected": "erkannt|festgestellt|registriert|gemessen|erfasst|aufgezeichnet",
    "seen": "gesehen|beobachtet|sichtbar",
    "happened": "geschah|passierte|geschehen|ereignete|passiert",
    "only": "nur|lediglich",
    "also": "auch",
    "again": "erneut|wieder",
}
_PLACES = {
    "day room": "tagesraum|aufenthaltsraum|gemeinschaftsraum|tagraum",
    "bedroom": "schlafzimmer",
    "bathroom": "badezimmer|bad",
    "living room": "wohnzimmer",
    "dining room": "speisesaal|speiseraum|esszimmer",
    "corridor": "flur|korridor|gang",
    "kitchen": "küche",
    "garden": "garten",
    "toilet": "toilette|wc",
    "night": "nacht|nachts",
    "morning": "vormittag|vormittags|morgens|frühmorgens",
    "midday": "mittag|mittags",
    "afternoon": "nachmittag|nachmittags",
    "evening": "abend|abends",
    "midnight": "mitternacht",
    "breakfast time": "frühstückszeit",
    "bedtime": "schlafenszeit",
}

WORDS = {
    german: english
    for table in (_FUNCTION, _DEGREES, _VERBS, _THINGS, _SOUNDS, _PLACES)
    for english, all_german in table.items()
    for german in all_german.split("|")
}
"""English by German word, lower case."""
NOUNS = tuple(sorted({*_THINGS, *_SOUNDS}, key=len, reverse=True))
"""What may be claimed to have changed or been heard, in English."""
HEARD = tuple(sorted(_SOUNDS, key=len, reverse=True))
"""Of these, what is heard."""
