"""German phrases as the English that the checks of claims read, before single words are looked up (source: guess)."""

PHRASES: tuple[tuple[str, str], ...] = (
    (r"\bz\. ?b\.", "for example"),
    (r"\bd\. ?h\.", "that is"),
    (r"\b(bzw|ca|evtl|vgl|nr|inkl)\.", r"\1"),
    (r"(?<=\d),(?=\d)", "."),
    (r"„[^“”\n]*[“”]", '""'),
    (r"(?<=\d)\.(\d\d) uhr\b", r":\1"),
    (r"(?<=:\d\d) uhr\b", ""),
    *((rf"\b{hour} uhr\b", f"{hour - 12} p.m") for hour in range(13, 24)),
    (r"\b12 uhr\b", "12 p.m"),
    (r"\b0 uhr\b", "12 a.m"),
    (r"\b(\d|1[01]) uhr\b", r"\1 a.m"),
    (r"(?<=\d)[- ]?(?:fache[nsr]?|mal)\b(?! so)", " times"),
    (r"\b(?:doppelt|zweimal) so (?:hoch|stark|groß|viel|laut)\b", "doubled"),
    (r"\bhalb so (?:hoch|stark|groß|viel|laut)\b", "halved"),
    (r"\bdreimal so (?:hoch|stark|groß|viel|laut)\b", "tripled"),
    (r"\bvor (\d+(?:\.\d+)?) ?(s|sek|sekunden)\b(?! (?:dem|der|des))", r"\1 seconds ago"),
    (
        r"(\d+(?:\.\d+)?) ?(?:s|sek|sekunden) (?:vor (?:dem|der|diesem) \w+|davor|zuvor|vorher|früher)",
        r"\1 seconds before",
    ),
    (r"\bnach (\d+(?:\.\d+)?) ?(?:s|sek|sekunden)\b", r"\1 seconds into the window"),
    (
        r"\b(?:in|innerhalb) de[nr]s? (?:letzten|vergangenen|vorangegangenen|vorigen) (\d+) (?:stunden"
        r"|h)\b",
        r"in the last \1 hours",
    ),
    (
        r"\b(wahrscheinlichkeit|sicherheit|schwelle|schwellenwert|fenster|zeitfenster|länge|wert"
        r"|grenzwert) von\b",
        r"\1 of",
    ),
    (r"\b(?:des|vom) (?:ganzen |gesamten )?(?:zeit|beobachtungs|mess)?fensters?\b", "of the window"),
    (r"\bder zeit\b", "of the time"),
    (r"\b(\d+) jahren?\b(?: alt)?", r"age \1"),
    (r"\bnicht (?:mehr|länger)\b", "possibly"),
    (r"\bnicht nur\b", "also"),
    (r"\bkeine (?:\w+ )?(?:veränderung|änderung)(?:en)? (?:der|des|bei der|beim|in der|im|von)\b", "no change in"),
    (r"\b(?:gegangen|gekommen)\b", ""),
    (r"\b(?:zeichen|anzeichen) (?:von|eines|einer|für|auf)\b", "possibly"),
    (r"\b(?:sturz|fall)(?:gefahr|risiko)\b|\b(?:risiko|gefahr) \w+ sturz\w*", "risk of"),
    (r"\b(?:deutlich|klar|gut|eindeutig) (?=gehört|hörbar|zu hören|vernehmbar)", "clearly "),
    (r"\b(?:schwach|undeutlich|unsicher) (?=gehört|hörbar|zu hören|vernehmbar)", "faintly "),
    (r"\bmit (geringer|niedriger|schwacher|kleiner) (?=wahrscheinlichkeit|sicherheit)", "with low "),
    (r"\bmit (hoher|großer) (?=wahrscheinlichkeit|sicherheit)", "with high "),
    (r"\b(?:nicht|kaum) (?:zu sehen|sichtbar|im bild|zu erkennen)", "hardly visible"),
    (
        r"\b(?:durchgehend|durchgängig|die ganze zeit|ständig|immer|gut|klar|deutlich|fast die ganze zeit"
        "|meistens) (?:zu sehen|sichtbar|im bild|gesehen|zu erkennen)",
        "visible throughout",
    ),
    (r"\b(?:zu sehen|im bild)\b", "visible"),
    (r"\bes war nichts zu hören\b|\bnichts zu hören\b|\bnichts gehört\b", "nothing was heard"),
    (r"\bzu hören\b|\bzu vernehmen\b", "heard"),
    (r"\b(?:völlige|absolute|vollkommene) stille\b|\bvöllig still\b", "complete silence"),
    (r"\bgeräusch wie (?:bei |von )?(?:einem?|ein) sturz\b|\bdumpfer schlag\b", "fall noise"),
    (
        r"\b(?:glasbruch|zerbroch\w+ glas|zerbrech\w+ glas|brechendes glas|glas (?:ist "
        r"|wurde )?zerbrochen|glas splittert\w*)\b",
        "breaking glass",
    ),
    (r"\b(?:rauchmelder|feueralarm|alarm ertönt\w*)\b", "alarm sound"),
    (r"\bum hilfe\b", ""),
    (r"\bnach hilfe\b", ""),
    (
        r"\b(?:lage|situation|verlauf|episode) (?:eskaliert\w*|verschlimmert\w* sich|spitzt\w* sich zu)",
        "situation escalates",
    ),
    (r"\beskaliert\w*\b", "is escalating"),
    (r"\b(?:hat|haben) sich (?:wieder |bereits |schon )?(?:beruhigt|gelegt)\b", "has settled"),
    (r"\b(?:beruhigt|legt|beruhigte|legte) sich\b|\bklingt ab\b|\blässt nach\b", "is subsiding"),
    (
        r"\b(?:ist|war|wirkt|wirkte|sitzt|saß|scheint|schien|blieb|bleibt) (?:\w+ )?(?:ruhig|entspannt"
        r"|gelassen|friedlich)\b",
        "is calm",
    ),
    (r"\b(?:schläft|schlief|ruht)\b", "is asleep"),
    (r"\b(?:liegt|lag|sitzt|saß|steht|stand) (?:\w+ )?still\b", "lies still"),
    (r"\bbewegt(?:e)? sich (?:kaum|nicht)\b|\b(?:bewegungslos|regungslos|reglos)\w*\b", "motionless"),
    (r"\b(?:bewegt|bewegte|bewegen) sich\b", "movement"),
    (r"\b(?:läuft|lief|geht|ging|wandert|wanderte) (?:\w+ )?(?:auf und ab|umher|herum|hin und her)\b", "pacing"),
    (r"\bunruhig\w*\b|\brastlos\w*\b|\bzappel\w*\b|\bnestel\w*\b", "restless"),
    (r"\b(?:hektisch|ruckartig)\w*\b", "hectic"),
    (
        r"\b(?:fahrige|erratische|ruckartige|unruhige|unregelmäßige)[nrs]? (?:bewegung(?:en)?|motorik)\b",
        "erratic motion",
    ),
    (r"\bbewegung(?:en)? (?=(?:ist|war|sind|waren|wirkt|wirken) (?:\w+ )?(?:fahrig|erratisch))", "erratic motion "),
    (r"\b(?:stärke|energie|kraft) der stimme\b|\bstimmliche (?:energie|intensität)\b", "vocal energy"),
    (r"\bhöhe der stimme\b", "pitch"),
    (r"\blautstärke im (?:zimmer|raum)\b", "loudness"),
    (r"\btempo der hände\b|\bgeschwindigkeit der hände\b", "hand speed"),
    (r"\btempo des (?:körpers|gehens)\b", "walking speed"),
    (r"\bhöhe der hüfte\b", "hip height"),
    (r"\bneigung des (?:ober)?körpers\b", "torso angle"),
    (r"\bmenge (?:der|an) bewegung\b", "amount of motion"),
    (r"\b(?:im|innerhalb des) (?:üblichen|normalen|gewohnten) (?:bereichs?|rahmens?)\b", "within the usual range"),
    (r"\b(?:auf|beim|nahe) (?:dem |am )?(?:üblichen|gewohnten|normalen) (?:niveau|wert|stand)\b", "at the usual"),
    (
        r"\b(über|oberhalb|jenseits) (?:de[mrs] )?(?:\w+ )?(?:üblichen|normalen"
        r"|gewohnten)s?(?: \w*(?:wert|niveau|bereich)\w*)?",
        "above the usual",
    ),
    (
        r"\b(unter|unterhalb) (?:de[mrs] )?(?:\w+ )?(?:üblichen|normalen|gewohnten)s?(?: \w*(?:wert"
        r"|niveau|bereich)\w*)?",
        "below the usual",
    ),
    (r"\b(?:unter|unterhalb) der (?:\w+)?schwelle\b", "below the threshold"),
    (r"\berreicht\w* die schwelle nicht\b", "does not reach the threshold"),
    (r"\bwie (?:üblich|immer|sonst|gewohnt|gewöhnlich)\b", "as usual"),
    (r"\bals (?:sonst|üblich|gewöhnlich|gewohnt|normal)\b", "than usual"),
    (
        r"\b(?:alles|(?:die|alle) (?:werte|messwerte|kanäle)) (?:ist|war|sind|waren|liegen|lagen|bleibt) ",
        "everything is ",
    ),
    (
        r"\b(?:keine|ohne) (?:besonderen |besondere )?(?:auffälligkeit(?:en)?|besonderheit(?:en)?)\b",
        "nothing stands out",
    ),
    (r"\bnichts (?:auffälliges|ungewöhnliches|besonderes)\b", "nothing unusual"),
    (r"\bkeine (?:nennenswerte |deutliche )?(?:veränderung|änderung|abweichung)(?:en)?\b", "no change"),
    (
        r"\b(?:stärkste|größte|höchste|auffälligste|deutlichste)[nrs]? (?:abweichung|veränderung)\b",
        "strongest deviation",
    ),
    (r"\bweicht am (?:stärksten|meisten|weitesten) (?:vom üblichen )?ab\b", "deviates the most"),
    (
        r"\b(?:widersprechen|widersprachen) (?:sich|einander)\b|\bstimmen nicht überein\b"
        r"|\bpassen nicht zusammen\b",
        "disagree",
    ),
    (r"\bstimmen (?:gut |völlig )?überein\b|\bpassen zusammen\b|\bstimmten überein\b", "agree"),
    (r"\bdas erste (?:ereignis|mal)\b|\bder erste vorfall\b|\bdie erste episode\b", "the first event"),
    (r"\bzum ersten mal heute\b|\bheute zum ersten mal\b", "first time today"),
    (r"\bheute (?:früh|morgen)\b|\bam morgen\b", "in the morning"),
    (r"\b(?:ein )?ruhiger tag (?:bisher|bis jetzt)\b|\bbisher (?:ein )?ruhiger tag\b", "a quiet day so far"),
    (
        r"\b(?:ist|war|wurde|sei) (?:\w+ )?(?:gestürzt|hingefallen|umgefallen)\b|\b(?:stürzte|gestürzt"
        r"|hingefallen)\b",
        "has fallen",
    ),
    (r"\b(?:liegt|lag|sitzt|saß|gefunden) (?:\w+ )?auf dem (?:fuß)?boden\b", "lies on the floor"),
    (
        r"\b(?:ein|der) sturz (?:ist |wurde |hat )?(?:\w+ )?(?:erkannt|gesehen|gehört|geschehen"
        r"|registriert|erfasst|festgestellt)\b",
        "a fall was detected",
    ),
    (r"\bzu (?:beginn|anfang)\b|\bam (?:anfang|beginn)\b", "at the start"),
    (r"\b(?:am|gegen|zum) (?:ende|schluss)\b", "at the end"),
    (r"\bkönnte[n]?\b.*\bsein\b", "possibly"),
    (r"\bnoch (?:nicht bekannt|gelernt|erlernt)\b", "still learned"),
    (r"\b(nimmt|nahm|nehmen|nahmen) (?:\w+ )?zu\b|\b(steigt|stieg|stiegen|steigen) (?:\w+ )?an\b", "rose"),
    (r"\b(nimmt|nahm|nehmen|nahmen) (?:\w+ )?ab\b|\b(geht|ging|gehen|gingen) (?:\w+ )?zurück\b", "fell"),
)
"""Patterns (lower case, in this order) and their English."""
