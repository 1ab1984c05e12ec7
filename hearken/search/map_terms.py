"""What regions of a map may be called: kinds of sounds, each with the words that a model is asked about."""

from __future__ import annotations

TERMS: tuple[tuple[str, str], ...] = tuple(
    (name, text or name.lower())
    for name, _, text in (
        line.strip().partition(": ")
        for line in """
        Birdsong: birds are singing and chirping
        Crows: a crow is cawing
        Owls: an owl is hooting
        Gulls: seagulls are calling
        Ducks and geese: ducks are quacking, geese are honking
        Chickens: a rooster crows, chickens cluck
        Pigeons: a pigeon is cooing
        Dogs: a dog is barking
        Howling: a wolf is howling
        Cats: a cat is meowing
        Horses: a horse is neighing
        Hooves: horse hooves are clip-clopping
        Cattle: a cow is mooing
        Sheep and goats: a sheep is bleating
        Pigs: a pig is oinking
        Roaring animals: an animal is growling and roaring
        Monkeys: a monkey is screeching
        Elephants: an elephant is trumpeting
        Whales and dolphins: a whale is singing under water
        Frogs: frogs are croaking
        Crickets: crickets are chirping
        Insects: insects are buzzing
        Bees and flies: a bee is buzzing
        Snakes: a snake is hissing
        Speech: a person is talking
        Crowds: a crowd of people is chatting
        Announcements: a voice speaks over a loudspeaker
        Whispering: a person is whispering
        Shouting: a person is shouting
        Screams: a person is screaming
        Laughter: people are laughing
        Crying: a baby is crying
        Children: children are playing and shouting
        Coughs and sneezes: a person is coughing and sneezing
        Breathing: a person is breathing heavily
        Snoring: a person is snoring
        Grunts: a person grunts in pain
        Eating and drinking: a person is chewing and swallowing
        Kissing and sighs: a person is sighing
        Singing: a person is singing
        Choirs: a choir is singing
        Humming and whistling: a person is whistling a tune
        Applause: an audience is applauding
        Cheering: a crowd is cheering
        Footsteps: footsteps of a person walking
        Running: a person is running
        Footsteps on gravel: footsteps crunching on gravel
        Steps in snow or leaves: footsteps in snow
        Cloth: cloth is rustling
        Heartbeats: a heart is beating
        Clapping and snaps: hands are clapping
        Doors: a door opens and closes
        Creaking: a door is creaking
        Knocking: someone is knocking on wood
        Doorbells: a doorbell is ringing
        Keys and locks: keys are jingling, a lock is turned
        Drawers and cupboards: a drawer is opened and closed
        Switches and clicks: a switch is clicked
        Keyboards: a person is typing on a keyboard
        Writing: a pencil is writing on paper
        Paper: paper is rustled and torn
        Books: pages of a book are turned
        Plastic bags: a plastic bag is crinkling
        Tape and zips: a zipper is pulled
        Coins: coins are clinking
        Dice and cards: dice are rolled, cards are shuffled
        Dishes: dishes and cutlery are clattering
        Frying: food is sizzling in a pan
        Kettles: a kettle is boiling and whistling
        Microwave ovens: a microwave oven is beeping and humming
        Pouring: water is poured into a glass
        Bottles and cans: a bottle is opened
        Chopping: someone is chopping food on a board
        Vacuum cleaners: a vacuum cleaner is running
        Hair dryers and fans: a fan is blowing
        Washing machines: a washing machine is turning
        Taps and sinks: water runs from a tap into a sink
        Toilets: a toilet is flushed
        Showers: a shower is running
        Sweeping and brushing: someone is sweeping the floor
        Scissors: scissors are cutting
        Glass breaking: glass is breaking
        Glass: a glass is clinking
        Metal hits: metal is struck and clangs
        Metal scraping: metal is scraping
        Chains: chains are rattling
        Swords: swords are clashing
        Wood: wood is hit and knocked
        Wood breaking: wood is cracking and breaking
        Sawing: someone is sawing wood
        Hammering: someone is hammering
        Drills: an electric drill is whirring
        Power tools: a power saw is cutting
        Chainsaws: a chainsaw is running
        Stones: rocks are falling and grinding
        Digging: someone is digging earth
        Impacts: something heavy falls with a thud
        Punches: a punch hits a body
        Crashes: things crash and fall
        Whooshes: something swishes through the air
        Explosions: an explosion booms
        Gunshots: guns are firing
        Machine guns: a machine gun is firing
        Reloading: a gun is cocked and reloaded
        Fireworks: fireworks are exploding
        Fire: a fire is crackling
        Thunder: thunder is rumbling
        Rain: rain is falling
        Wind: wind is blowing
        Leaves: leaves are rustling
        Waves: waves are crashing on a shore
        Streams: a stream of water is flowing
        Waterfalls: a waterfall is roaring
        Splashes: something splashes into water
        Drips: water is dripping
        Bubbles: water is bubbling
        Under water: a muffled rumble under water
        Forests: birds and wind in a forest
        Night: insects at night
        Cities: a busy city street
        Traffic: cars are passing by on a road
        Cars: a car is driving
        Engines: an engine starts and idles
        Racing engines: a race car revs and accelerates
        Motorcycles: a motorcycle is riding past
        Lorries and buses: a truck is driving past
        Braking and skidding: tires are screeching
        Car horns: a car horn is honking
        Sirens: a siren is wailing
        Trains: a train is passing on rails
        Train horns: a train horn is blowing
        Planes: an airplane is flying overhead
        Helicopters: a helicopter is flying
        Boats: a motor boat is running
        Ship horns: a ship's horn is blowing
        Bicycles: a bicycle bell, a bicycle chain
        Skateboards: a skateboard is rolling
        Machines: machinery is running in a factory
        Motors: an electric motor is whirring
        Humming: an electric hum
        Sparks: electricity is sparking and buzzing
        Pumps and hissing: air is hissing from a valve
        Squeaks: something is squeaking
        Rattles: something is rattling
        Clocks: a clock is ticking
        Alarm clocks: an alarm clock is ringing
        Alarms: an alarm is beeping
        Beeps: an electronic beep
        Interface sounds: a short electronic notification chime
        Games: an electronic sound effect of a video game
        Lasers: a science fiction laser is firing
        Telephones: a telephone is ringing
        Dialling: telephone buttons are dialled
        Cameras: a camera shutter clicks
        Printers: a printer is printing
        Radio noise: radio static and noise
        Noise: white noise
        Bells: a church bell is ringing
        Small bells: a small bell is jingling
        Wind chimes: wind chimes are tinkling
        Gongs: a gong is struck
        Drums: drums are played
        Cymbals: a cymbal is hit
        Percussion: shakers and percussion
        Piano: a piano is played
        Guitar: a guitar is strummed
        Bass: a bass guitar is played
        Violins: a violin is played
        Cellos: a cello is played
        Orchestras: an orchestra is playing
        Flutes: a flute is played
        Clarinets and oboes: a clarinet is played
        Saxophones: a saxophone is played
        Trumpets: a trumpet is played
        Trombones and tubas: a trombone is played
        Harps: a harp is played
        Organs: an organ is played
        Accordions: an accordion is played
        Harmonicas: a harmonica is played
        Xylophones: a xylophone is played
        Synthesizers: a synthesizer tone
        Electronic music: electronic dance music with a beat
        Ambient music: slow ambient music
        Dark drones: a dark, eerie drone
        Orchestral hits: a short dramatic musical sting
        Fanfares: a short cheerful melody
        Magic: a magical shimmering sound
        Monsters: a monster growls
        Ghostly sounds: ghostly, spooky whispers
        Robots: a robot voice
        Space: a spaceship is humming
        Cartoon sounds: a funny cartoon boing
        Sport: a ball is hit or bounces
        Whistles: a referee's whistle is blown
        Restaurants: people are eating and talking in a restaurant
        Offices: an office with people and keyboards
        """.strip().splitlines()
    )
)
"""Pairs of a name, as it stands on the map, and a caption."""
