"""What people write when they report, by language: ordinary complaints, a release smelled, what fakes are made of."""

from typing import Final

from infrastress.events.kinds import Category

__all__ = ["COMPLAINTS", "FAKE_PARTS", "LANGUAGES", "RELEASE", "STAFF", "TOLD"]

LANGUAGES: Final = (("it", 0.72), ("en", 0.16), ("de", 0.06), ("fr", 0.06))
COMPLAINTS: Final[dict[str, tuple[tuple[Category, str], ...]]] = {
    "it": (
        ("noise", "Rumore forte dallo stabilimento da stamattina presto."),
        ("vehicle", "Di nuovo camion in coda sulla strada."),
        ("smell", "Cattivo odore, forse dal porto con la bassa marea."),
        ("smoke", "Qualcuno brucia sterpaglie, si sente il fumo."),
        ("person", "Due persone fotografavano la recinzione."),
        ("drone", "Un drone sopra la spiaggia."),
        ("other", "Un lampione vicino alla recinzione è spento."),
    ),
    "en": (
        ("noise", "Loud humming all night."),
        ("smell", "Odd smell this evening, like mud."),
        ("dead_fish", "Some dead fish on the beach."),
        ("vehicle", "A van has been parked by the fence since noon."),
    ),
    "de": (("noise", "Es brummt wieder sehr laut."), ("smell", "Es riecht ein wenig faulig.")),
    "fr": (("noise", "Beaucoup de bruit cette nuit."), ("other", "Un panneau est tombé près de la clôture.")),
}
RELEASE: Final[dict[str, tuple[str, ...]]] = {
    "it": (
        "Forte odore di benzina nella nostra via.",
        "Puzza di carburante, ho chiuso le finestre.",
        "Mi bruciano gli occhi, odore di benzina all'angolo.",
        "Odore come dal distributore, sempre più forte.",
        "C'è puzza di gas davanti alla scuola.",
    ),
    "en": (
        "Strong smell of petrol in our street.",
        "It smells like a filling station here, getting worse.",
        "Fuel smell and my eyes sting.",
    ),
    "de": ("Es riecht stark nach Benzin.", "Starker Geruch nach Kraftstoff vor dem Haus."),
    "fr": ("Forte odeur d'essence dans la rue.", "Ça sent le carburant, j'ai mal à la tête."),
}
STAFF: Final[tuple[tuple[Category, str], ...]] = (
    ("near_miss", "A hose coupling slipped at the rack, nobody hurt."),
    ("unsafe_act", "No helmet on the ladder at the pumps."),
    ("leak", "A few drops under a flange, tray set."),
    ("insider", "A colleague keeps asking for passwords of others."),
    ("near_miss", "Forklift passed close to a pedestrian."),
)
FAKE_PARTS: Final = (
    ("Help!", "Warning:", "URGENT", "Everybody should know:", ""),
    ("huge smell of gas", "terrible smell of petrol", "smell of gas everywhere", "gas smell, very strong"),
    ("near the depot", "in the whole town", "at the harbour", "around the plant", "by the tanks"),
    ("they hide it!", "people are fainting.", "close the windows.", "it will explode.", "nobody does anything."),
)
TOLD: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "release": tuple((language, text) for language, texts in RELEASE.items() for text in texts),
    "mud": (
        ("it", "Odore di fango dal porto, molto forte con la bassa marea."),
        ("it", "Puzza di alghe marce su tutta la spiaggia."),
        ("en", "It smells of rotten seaweed all along the beach."),
        ("de", "Es riecht nach Schlick vom Hafen."),
    ),
    "noise": (
        ("it", "Le sirene dello stabilimento suonano da dieci minuti, cosa succede?"),
        ("it", "Si sentono sirene e altoparlanti."),
        ("en", "Sirens at the plant, is it a drill?"),
        ("de", "Was bedeuten die Sirenen?"),
    ),
    "storm": (
        ("it", "Il vento ha abbattuto un albero sulla recinzione."),
        ("it", "Manca la corrente in tutta la via."),
        ("en", "The power went off and a sheet of metal flew over the road."),
        ("fr", "Plus de courant chez nous depuis l'orage."),
    ),
    "drone": (
        ("it", "Un drone vola basso sopra il recinto."),
        ("it", "C'è un drone con una luce rossa sopra i serbatoi."),
        ("en", "A drone is hovering over the station without lights."),
    ),
    "dry": (
        ("it", "Non esce acqua dal rubinetto."),
        ("it", "Pressione bassissima in tutto il palazzo."),
        ("en", "No water on our floor since a few minutes."),
        ("de", "Aus der Leitung kommt fast nichts."),
    ),
    "brown": (
        ("it", "L'acqua è marrone."),
        ("it", "Acqua torbida in tutta la via, si può bere?"),
        ("en", "The tap water is brown."),
        ("fr", "L'eau est trouble depuis ce matin."),
    ),
}
"""What many say of one thing, by topic: (language, text)."""
