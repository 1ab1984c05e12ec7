"""The verbs of sounds and their English forms: a closed list of our own, and the spelling rules.

Only verbs of this list are taken for verbs: a word that is not in it is never inflected.
"""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """Return the words of `text`."""
    return frozenset(text.split())


_VERBS = """
accelerate announce applaud approach arrive babble bang bark bay beat beep begin belch bellow bite blare blast blat bleat blend bloop
blow boil boom bounce bow brake bray break breathe brush bubble bump burn burp burst buzz cackle call catch caw chant chat chatter cheer
chew chime chirp chirr chirrup chop chuckle chug churn clack clamp clang clank clap clash clatter clean clear clench click climb clink
clip clobber clop close cluck clutch coast come coo cook cough crack crackle crank crash crawl creak crinkle croak crow crumble crunch
crunkle crush cry cut deflate depart dial dig drag drain draw drift drill drip drive drizzle drone drop drum eat echo emanate emit
engage enter erase erupt exhale explode fade fall fan fart fill fire fizz fizzle flap flare flick flip flitter float flow flush flutter
fly fry gallop gargle gasp giggle glide gnaw go gobble grind groan growl grumble grunt gurgle gush hammer hatch hiss hit honk hoot hop
hover howl hum hurl hush idle ignite inflate inhale interrupt jackhammer jangle jingle jog kick knead knock land lap latch laugh launch
leave lick lift lock lower make meow mew moan moo move mow mumble munch murmur mutter neigh oink open operate pant pass patter pause
peal peck pedal peel ping pitch play plod plop pluck plunge pop pound pour press puff pull pulse pump purr push quack race rage rain
raise rap rasp ratchet rattle reach record rehearse release reload repeat resound return rev reverberate rewind ricochet ring rip rise roar rock
roll rotate rub rumble run rush rustle saw scamper scoop scrape scratch scream screech scrub scrunch scuff scurry sear settle shake
sharpen shatter shear shift shoot shout shovel shred shriek shuffle shut shutter sigh sing sip sizzle skid skip slam slap slice slide
sling slither slosh slow slurp smack smash snap snarl sneeze snicker sniff sniffle snip snore snort snuffle sob sound spark spatter
speak speed spew spill spin spit splash splatter splinter spray sprinkle sputter squawk squeak squeal squeeze squelch squirt squish
start step stir stomp stop stream strike strum stumble stutter swallow swarm sweep swell swing swish swoosh take talk tamp tap tear
tease throb thrum thud thump thunder tick tinkle toll toot topple toss tramp trample travel tremble trickle trill trot trudge trumpet
tune turn twang tweet twist type unlock unzip vacuum vibrate vomit wail wake walk warble wash wave whack wheeze whimper whine whinny whir
whisper whistle whiz whoop whoosh wind work write yap yawn yell yelp yodel zip zoom
"""

_DOUBLING = word_set(
    """begin blat chat chop chug clap clip clop cut dig drag drip drop drum emit fan flap flip hit hop hum jog lap plod plop pop rap rev
    rip rub run scrub shred shut sip skid skip slam slap snap snip sob spin spit step stir stop strum tap thrum throb thud trot unzip whir
    whiz yap zip"""
)

_DURATIVE = word_set(
    """babble boil bubble burn buzz chat chatter churn cook drive drizzle drone eat fall flow fly fry gurgle hover hum idle move murmur
    operate patter pour purr rage rain roll rumble run rush rustle sing sizzle speak spray stream sweep swarm talk tick travel trickle
    type vacuum vibrate walk wash whir wind work write chew peel chop turn drip pant"""
)
"""Verbs of what goes on for a while: such a sound is not counted ('rain falls twice')."""

_MOMENTARY = word_set(
    """approach arrive bang begin bite break burp burst catch clap clear click close cough crack crash depart drop enter explode fart fire
    hit honk ignite interrupt kick knock land latch launch leave lift lock lower pass pause pluck pop press pull push raise reach release
    reload return rewind ricochet shatter shoot shut slam slap smack smash snap sneeze spill start step stop strike swallow take thud
    thump topple toss unlock unzip zip"""
)
"""Verbs of what is over at once, or comes and goes: such a sound is no background."""

PARTICIPLES = word_set(
    """beaten begun bitten blown bowed broken burnt burst cut done drawn driven eaten fallen flown ground heard hit hung left lit made played
    put rung run said sawn set shaken shot shut spun struck strung sung swept swung thrown told torn wound woven written worn"""
)
"""Past participles that do not end in -ed; behind 'is' or 'are' they make a passive, as any word in -ed does."""

_VOWELS = "aeiou"


def third_person(verb: str) -> str:
    """Return the form of 'he': bark -> barks, screech -> screeches, cry -> cries, coo -> coos, whiz -> whizzes."""
    if verb.endswith("y") and verb[-2:-1] not in _VOWELS:
        return verb[:-1] + "ies"
    hisses = verb.endswith(("s", "x", "z", "ch", "sh", "o")) and not verb.endswith("oo")
    return verb + ("zes" if verb.endswith("z") and verb in _DOUBLING else "es" if hisses else "s")


def gerund(verb: str) -> str:
    """Return the -ing form: bark -> barking, rustle -> rustling, hum -> humming, die -> dying."""
    if verb.endswith("ie"):
        return verb[:-2] + "ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return verb[:-1] + "ing"
    return verb + (verb[-1] if verb in _DOUBLING else "") + "ing"


BASES = word_set(_VERBS)
THIRDS = {third_person(verb): verb for verb in BASES}
GERUNDS = {gerund(verb): verb for verb in BASES}


def is_durative(verb: str) -> bool:
    """Say whether `verb` (base form) tells of something that goes on for a while."""
    return verb in _DURATIVE


def is_momentary(verb: str) -> bool:
    """Say whether `verb` (base form) tells of something that is over soon."""
    return verb in _MOMENTARY


def is_participle(word: str) -> bool:
    """Say whether `word` behind 'is' or 'are' makes a passive."""
    return word in PARTICIPLES or (word.endswith("ed") and len(word) > 3)
