"""The words of the demo's corpus."""

GOOD = """
    admirable amazing beautiful brilliant charming clever comfortable convincing delicious
    delightful elegant enchanting enjoyable excellent exciting fabulous fantastic fascinating
    flawless fresh friendly generous gorgeous graceful great helpful impressive inspiring inviting
    joyful lively lovely magnificent marvellous memorable outstanding perfect pleasant polished
    refreshing reliable remarkable rewarding satisfying smooth spotless stunning superb tasteful
    terrific thoughtful thrilling warm welcoming witty wonderful
""".split()

BAD = """
    abysmal annoying appalling atrocious awful bland boring broken careless chaotic cheap clumsy
    cold confusing cramped crude dirty disappointing dismal dreadful dreary dull filthy flimsy
    forgettable ghastly gloomy greasy grim hideous horrible insulting irritating lazy lifeless
    miserable noisy painful pathetic pointless poor rude ruined shabby shallow sloppy stale
    tasteless tedious terrible tiresome ugly unbearable unfair unpleasant useless worthless
    wretched
""".split()

ADVERBS = """
    absolutely completely entirely frankly genuinely really simply thoroughly totally truly
    utterly very
""".split()

THINGS = """
    acting album audience balcony bathroom bedroom bicycle book breakfast camera cast castle
    coffee concert conversation cook costume dessert dinner director ending exhibition ferry
    garden guide harbour hike hotel interview keyboard kitchen lamp lecture library lobby market
    meal menu museum music novel orchestra painting park photograph picnic plot poem reception
    recipe restaurant room sandwich screen service singer soup speech staff station story street
    supper table teacher theatre train village waiter weather window
""".split()

HOLDERS = [
    "everyone else",
    "my brother",
    "my boss",
    "my neighbour",
    "my sister",
    "my uncle",
    "the critic",
    "the driver",
    "the landlord",
    "the reviewer",
    "the tourist",
]

# Where or when it was: says nothing about the opinion.
SCENES = [
    "after a long day at work",
    "as far as i remember",
    "at the end of the week",
    "before the bridge was closed",
    "between two meetings",
    "for what it costs",
    "in the middle of winter",
    "on a monday morning",
    "on our second visit",
    "to answer your question",
    "when we finally got there",
    "with three children in tow",
]
