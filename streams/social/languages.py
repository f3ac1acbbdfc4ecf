"""In which language a post is: what the service says of it, else its script and its commonest words; `unknown` when that is not sure.

A table of the languages in which residents write to the city, not a general detector: what is in another language is unknown or,
where it is close to one of these, taken for that. No network, no chance: the same text is always the same language.
"""

import re

from streams.social.words import plain, words

UNKNOWN = "unknown"
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)
_NO_LANGUAGE = frozenset(("und", "zxx", "mul", "mis", "qme", "qht"))
_SAME = {"hat": "ht", "eng": "en", "spa": "es", "zho": "zh", "chi": "zh", "yue": "zh", "cmn": "zh", "vie": "vi", "rus": "ru", "ara": "ar"}

_SCRIPTS = (
    ("ko", re.compile("[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("km", re.compile("[\u1780-\u17ff]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("cyrillic", re.compile("[\u0400-\u04ff]")),
)
_OTHER_SCRIPT = re.compile("[\u3040-\u30ff\u0370-\u03ff\u0590-\u05ff\u0e00-\u0e7f\u10a0-\u10ff]")  # Japanese, Greek, Hebrew, Thai, Georgian
_ONLY_UKRAINIAN, _ONLY_RUSSIAN = re.compile("[іїєґ]", re.IGNORECASE), re.compile("[ыэъё]", re.IGNORECASE)
_NOT_ARABIC = re.compile("[پچگژٹڈڑےں]")  # Persian, Urdu

# Short words that are common in one of them and not in the others; where a word is shared it stands with all of them.
_COMMON: dict[str, str] = {
    "en": "the and is are was were of to in on at for with my your our this that it they you we he she have has had not no will can when "
    "what who why how there here just all out i'm it's don't be been do does did get got from but so if now about any me us as am "
    "i an by up over under after again before been never always every some really who where day good looks look going gonna",
    "es": "el la los las un una de del que y en no por con para mi su es son está están hay muy pero se lo ya desde cuándo dónde qué "
    "cómo cuando donde como más nos mañana hoy calle han ha llevamos esta este tan sin me te le al feliz gusta",
    "fr": "le la les un une des de du et est sont que qui dans sur pour pas ne avec mon ma notre nous vous je il elle depuis ce cette au "
    "aux quand où c'est y a très mais plus en tout ils elles ces sa son se quelle",
    "pt": "o a os as um uma de do da dos das que e em no na não por com para meu minha é são está estão há muito mas se já desde quando "
    "onde nós ontem hoje rua estamos sem à foi ao isso você vocês dia",
    "ht": "mwen nou yo li ou pa nan ak sou gen te ap pou depi sa ki kote kouman tout yon lan mache se genyen fè ka "
    "pral anpil poukisa kijan",
    "it": "il lo la gli le un una di del della che e è non per con in sono siamo questa questo mio nostra da dal quando dove perché come "
    "più ma ci si anche ieri oggi strada nella nel molto ho ha hanno",
    "pl": "i w na nie to jest są się z do od że jak kiedy gdzie dlaczego mój nasza u nas po przez już bardzo ale tak ulicy dzisiaj dziś "
    "wczoraj ma mamy czy jeszcze prądu śnieg dla",
    "sq": "dhe në një për me nga është janë nuk që të i e po ka kemi unë ne ju kur ku pse rruga sot dje shumë por këtë tonë së jemi ende",
    "vi": "và là của tôi không có được trong cho với này đã các những một người bị từ khi nào ở đâu chúng đường nước "
    "hôm nay quá đi rồi sáng khu",
}
_ACCENTED = {language: frozenset(listed.split()) for language, listed in _COMMON.items()}
_BARE = {language: frozenset(found for word in listed for found in words(word)) for language, listed in _ACCENTED.items()}
_VIETNAMESE = re.compile("[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)
_HASHTAG = re.compile(r"#\w+")
_SPLIT = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
LEAST_SCORE, LEAST_LEAD = 2.0, 1.0


def code(told: str | None) -> str | None:
    """A language as a service tells it, as a code of ISO 639 in lower case without region; None if that says nothing."""
    found = _CODE.fullmatch(told.strip()) if told else None
    if found is None or found[1].lower() in _NO_LANGUAGE:
        return None
    return _SAME.get(found[1].lower(), found[1].lower())


def detect(text: str) -> str:
    """The language of a text by itself: a code of ISO 639, or UNKNOWN."""
    bare = plain(_HASHTAG.sub(" ", text))
    letters = sum(character.isalpha() for character in bare)
    if not letters or len(_OTHER_SCRIPT.findall(bare)) * 5 > letters:
        return UNKNOWN
    for language, script in _SCRIPTS:
        if len(script.findall(bare)) * 3 > letters:
            return _within(language, bare)
    return _by_words(bare)


def _within(script: str, text: str) -> str:
    """The language of a text of which the script is known."""
    if script == "cyrillic":
        ukrainian, russian = len(_ONLY_UKRAINIAN.findall(text)), len(_ONLY_RUSSIAN.findall(text))
        return UNKNOWN if ukrainian == russian else ("uk" if ukrainian > russian else "ru")
    if script == "ar" and _NOT_ARABIC.search(text):
        return UNKNOWN
    return script


def _by_words(text: str) -> str:
    """The language of a text in Latin letters: of whose commonest words it has more than of any other's."""
    scores = dict.fromkeys(_ACCENTED, 0.0)
    for word in set(_SPLIT.findall(text.casefold().replace("’", "'"))):
        for language, listed in _ACCENTED.items():
            if word in listed:
                scores[language] += 0.5 if len(word) == 1 else 1.0 if word.isascii() else 1.5
            elif word.isascii() and word in _BARE[language]:
                scores[language] += 0.5  # written without its accents
    if len(_VIETNAMESE.findall(text)) >= 3:
        scores["vi"] += 2
    (first, score), (_, next_score) = sorted(scores.items(), key=lambda item: -item[1])[:2]
    return first if score >= LEAST_SCORE and score - next_score >= LEAST_LEAD else UNKNOWN
