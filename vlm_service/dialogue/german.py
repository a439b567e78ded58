"""German words that must not be said: the other language in which an answer may be asked for."""

EMOTION = (
    r"gefühl\w*", r"fühl(?:t|te|en|e)", r"stimmung\w*", r"laune\w*", r"glücklich\w*", r"unglücklich\w*",
    r"freud(?:e|en|ig\w*)", r"freut", r"fröhlich\w*", r"heiter\w*", r"traurig\w*", r"trauer\w*", r"überrasch\w*",
    r"angst\w*", r"ängst\w*", r"furcht\w*", r"fürcht\w*", r"panisch\w*", r"schreckhaft\w*", r"erschr[aeo]\w+",
    r"verschreckt\w*", r"besorg\w*", r"sorgen", r"nervös\w*", r"ekel\w*", r"angeekelt\w*", r"wut", r"wütend\w*",
    r"zorn\w*", r"ärger\w*", r"verärgert\w*", r"gereizt\w*", r"genervt\w*", r"feindselig\w*", r"veracht\w*",
    r"verzweif\w*", r"einsam\w*", r"hilflos\w*", r"scham", r"beschämt\w*", r"schäm\w*", r"schuldgefühl\w*",
    r"aufgeregt\w*", r"erregt\w*", r"erregung\w*", r"begeister\w*", r"zufrieden\w*", r"unzufrieden\w*",
    r"frustriert\w*", r"gestresst\w*", r"deprimiert\w*", r"niedergeschlagen\w*", r"bedrückt\w*", r"verstört\w*",
    r"agitiert\w*", r"leidet", r"wohlfühl\w*", r"unwohlsein",
    r"(?:ist|war|wirkt|wirkte|scheint|schien|bleibt|blieb)\s+(?:\w+\s+)?(?:ruhig|gelassen|entspannt)\w*",
)  # fmt: skip
"""Words that name an inner state (source: guess, after the English list; unrest and cries are observations)."""

DIAGNOSIS = (
    r"demenz\w*", r"dement\w*", r"delir\w*", r"psychose\w*", r"schizophren\w*", r"depression\w*", r"schlaganf\w+",
    r"krampfanf\w+", r"herzinfarkt\w*", r"harnwegsinfekt\w*", r"lungenentzündung\w*", r"blutvergiftung\w*",
    r"unterzucker\w*", r"gehirnerschütterung\w*", r"\w*fraktur\w*", r"autismus\w*", r"panikattacken?",
    r"herzanf[aä]ll\w*", r"\w*(?:knochen|hals|rippen|hüft|becken|arm|bein|wirbel)br[uü]ch\w*", r"blasenentzündung\w*",
    r"hirnblutung\w*", r"\w*infarkt\w*", r"apoplex\w*", r"bipolar\w*", r"posttraumatisch\w*", r"epilepsie\w*",
    r"(?:angst|schlaf|ess|zwangs|persönlichkeits|verhaltens|bewusstseins|herzrhythmus|sprach)störung(?:en)?",
    r"diagnosen?", r"diagnosti\w+",
)  # fmt: skip
"""Terms of a medical statement (source: guess, to be reviewed by a clinician)."""
