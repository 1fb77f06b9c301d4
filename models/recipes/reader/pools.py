"""Values that the sentences are filled with: how they are written, and what they mean."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Value:
    """`text` as a person writes it; `value` as the data should hold it. `parts` are a list's own."""

    text: str
    value: Any
    parts: tuple[str, ...] = ()


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().replace("_", " ") for word in text.split("|"))


FIRST: Final = _words(
    "Anna|Ben|Carla|David|Elif|Farid|Greta|Hiro|Ines|Jonas|Kavya|Lena|Mateo|Nadia|Omar|Paula|Quentin|Rosa|Sven|"
    "Tara|Ulrich|Vera|Wei|Ximena|Yusuf|Zoe|Amara|Bruno|Chidi|Dora|Emil|Fatima|Gabor|Hana|Igor|Julia|Kofi|Leila|"
    "Marcus|Noor|Olga|Pedro|Ravi|Sofia|Tom|Uma|Viktor|Wanda|Aisha|Bjorn|Celeste|Dmitri|Esther|Felix|George|Maria"
)
LAST: Final = _words(
    "Abe|Brandt|Castillo|Dubois|Eriksen|Fischer|Gupta|Hansen|Ivanova|Jansen|Kowalski|Lindqvist|Moreau|Nakamura|"
    "O'Brien|Petrov|Quispe|Rossi|Silva|Tanaka|Usman|Vargas|Weber|Xu|Yamada|Zimmer|Okafor|Haddad|Novak|Murphy|"
    "Santos|Kim|Larsen|Mbeki|Nair|Osei|Patel|Reyes|Schmidt|Thorne|Wright|Adeyemi|Bauer|Costa|Duarte|Ferrari"
)
CITY: Final = _words(
    "Lisbon|Oslo|Nairobi|Kyoto|Lima|Hamburg|Tallinn|Porto|Quito|Dakar|Hanoi|Bergen|Graz|Lyon|Ghent|Turin|Seville|"
    "Cork|Leeds|Austin|Denver|Boise|Salem|Tampa|Omaha|Fresno|San Antonio|New Haven|Cape Town|Santa Fe|El Paso|"
    "Kuala Lumpur|Rio de Janeiro|Buenos Aires|St. Gallen|Halifax|Perth|Dunedin|Pune|Jaipur|Osaka|Busan|Izmir|"
    "Portland, Oregon|Albany, NY|Reno, Nevada|Boulder, CO|Nice, France|Cordoba, Spain|London|Chicago|Berlin|Miami"
)
COUNTRY: Final = _words(
    "Norway|Kenya|Peru|Japan|Portugal|Vietnam|Canada|Chile|Ghana|Estonia|New Zealand|South Africa|Costa Rica|"
    "Austria|Morocco|Turkey|Poland|Texas|Ohio|Oregon|Bavaria|Scotland|Ireland|India|Brazil|Germany|Nevada|Maine"
)
NAMES: Final = _words(
    "Blue Harbor|Golden Fork|Maple & Sons|Casa Verde|Old Mill|Nordlicht|The Copper Pot|Luna Nova|Riverside|Sakura|"
    "Bella Vista|Three Oaks|Silver Birch|El Faro|Pasta Piccola|Green Lantern|Harvest Moon|Tamarind|Zum Anker"
)
COMPANY: Final = _words(
    "Acme|Globex|Initech|Umbra Systems|Northwind|Contoso|Helios Energy|Vertex Labs|Stark & Weber|Bluefin|Orbitec|"
    "Pinewood Capital|Tesla|Siemens|Nokia|Toyota|Yamaha|Fender|IKEA|Zeiss|Lumen AG|QuantaSoft|Redline Motors"
)
SIMPLE: Final[dict[str, tuple[str, ...]]] = {
    "city": CITY,
    "country": COUNTRY,
    "firstname": FIRST,
    "company": COMPANY,
    "currency": _words(
        "USD|EUR|euros|US dollars|yen|British pounds|Swiss francs|JPY|GBP|CHF|rupees|pesos|CAD|NOK"
    ),
    "lengthunit": _words(
        "centimetres|cm|inches|feet|metres|miles|kilometers|yards|km|light years|mm|nautical miles"
    ),
    "massunit": _words("grams|kilograms|kg|ounces|pounds|g/mol|mg"),
    "service": _words(
        "nginx|postgres|redis|billing-api|auth-service|mailer|search-worker|kafka|checkout|payments"
    ),
    "liquid": _words("water|ethanol|saline|acetone|distilled water|phosphate buffer|methanol"),
    "dish": _words(
        "lasagna|pad thai|mushroom risotto|chicken curry|tomato soup|apple pie|beef stew|falafel|pancakes|ramen|"
        "a margherita pizza|fish tacos|Greek salad|goulash|lentil soup|spinach quiche|banana bread|two burgers"
    ),
    "food": _words(
        "rice|lentils|spinach|eggs|tofu|chickpeas|salmon|oats|broccoli|potatoes|beans|walnuts|chicken"
    ),
    "band": _words(
        "The Velvet Foxes|Nina Simone|Radio Tundra|Miles Davis|Los Lobos|Kraftwerk|Bjork|The Quiet Hours|ABBA|Queen"
    ),
    "room": _words(
        "kitchen|living room|bedroom|bathroom|hallway|office|garage|attic|nursery|dining room|basement"
    ),
    "weekday": _words("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|tomorrow|next Friday"),
    "month": _words("January|February|March|April|May|June|July|August|September|October|November|December"),
    "tag": _words(
        "bug|ui|backend|security|docs|regression|performance|good first issue|infra|mobile|p1|flaky"
    ),
    "glob": _words("*.tmp|*.log|node_modules|.git|build/|cache|*.pyc|*.iso|downloads"),
    "problem": _words(
        "Login page crashes on Safari|Export to CSV loses umlauts|Search returns deleted items|Dark mode flickers|"
        "Password reset mail never arrives|Memory leak in the image worker|Broken link in footer|Rate limit too low"
    ),
    "topic": _words(
        "quarterly budget|the new onboarding flow|release planning|hiring|Trip to Oslo|migration of the wiki|"
        "security review|roadmap|office party|invoice 2291|temporary access for auditors|customer feedback"
    ),
    "message": _words(
        "The train is late, start without me|see you tomorrow at the station|I love this place|Where is the library?|"
        "we have to move the deadline|Thank you for your patience|The food was cold and the waiter rude|good morning|"
        "Your report was excellent|please bring the keys|This update broke everything|the meeting is cancelled"
    ),
    "task": _words(
        "water the plants|call the dentist|pay the rent|renew my passport|pick up the cake|submit the tax return|"
        "feed the cat|back up the laptop|cancel the gym membership|buy a birthday card|return the library books"
    ),
    "language": _words(
        "Spanish|German|Japanese|French|Swahili|Turkish|Italian|Korean|Dutch|Arabic|Polish|English"
    ),
    "team": _words(
        "Rovers|FC Albion|the Tigers|Ajax|Real Sociedad|the Chicago Bulls|Bayern Munich|Boca Juniors|Leeds United|"
        "the Warriors|Inter Milan|the Yankees|Celtic|Kaizer Chiefs"
    ),
    "league": _words("Premier League|Champions League|NBA|Bundesliga|World Cup|Serie A|Davis Cup|NFL"),
    "sport": _words("basketball|tennis|football|hockey|cricket|handball|baseball|volleyball|rugby"),
    "statistic": _words("goals|assists|points|rebounds|home runs|yellow cards|aces|touchdowns|saves|wins"),
    "genre": _words(
        "mystery|science fiction|fantasy|romance|history|thriller|poetry|biography|horror|children's"
    ),
    "musicgenre": _words("jazz|rock|classical|hip hop|folk|techno|blues|reggae|metal|indie"),
    "animal": _words(
        "snow leopard|barn owl|blue whale|red fox|honey bee|emperor penguin|giant sequoia|sea otter|house mouse|"
        "zebrafish|fruit fly|human|gray wolf|tree frog|monarch butterfly|African elephant|wheat|bamboo"
    ),
    "animalfact": _words(
        "diet|lifespan|weight|habitat|size|top speed|conservation status|number of young|range"
    ),
    "habitat": _words("deserts|rain forests|the Arctic|coral reefs|savannas|swamps|high mountains|caves"),
    "gene": _words("BRCA1|TP53|CFTR|APOE|MYC|EGFR|HBB|KRAS|FOXP2|SOD1|INS|PAX6"),
    "database": _words("Ensembl|UniProt|GenBank|KEGG|RefSeq|OMIM|PubMed"),
    "chemical": _words(
        "NaCl|water|H2SO4|glucose|C2H5OH|ammonia|CO2|calcium carbonate|caffeine|CH4|KMnO4|benzene"
    ),
    "formula": _words(
        "x^2|3x^2 + 2x - 1|sin(x)|2x + 5|x^3 - 4x|e^x|ln(x)|1/x|x**2 + 1|cos(2x)|5x^4|sqrt(x)|x*exp(-x)"
    ),
    "drug": _words(
        "ibuprofen|amoxicillin|paracetamol|metformin|aspirin|morphine|penicillin|insulin|diazepam|warfarin"
    ),
    "doctor": _words(
        "dermatologist|cardiologist|dentist|eye doctor|neurologist|pediatrician|orthopedist|allergist"
    ),
    "symptom": _words(
        "a rash|back pain|blurred vision|a toothache|chest pain|migraine|a swollen knee|fever|insomnia"
    ),
    "court": _words(
        "Supreme Court|district court of Hamburg|Ninth Circuit|Court of Appeal|Federal Court|High Court"
    ),
    "lawtopic": _words(
        "patents|breach of contract|data protection|discrimination|copyright|fraud|pollution|unpaid wages"
    ),
    "exchange": _words("NYSE|NASDAQ|Frankfurt|Tokyo Stock Exchange|London Stock Exchange|Euronext"),
    "color": _words(
        "red|dark green|navy blue|white|black|yellow|turquoise|grey|orange|light pink|purple|beige"
    ),
    "foodnote": _words("no onions|extra cheese|not too spicy|sauce on the side|no nuts please|well done"),
    "placetype": _words(
        "pharmacies|coffee shops|bike shops|playgrounds|vegan restaurants|petrol stations|gyms|libraries|bakeries|"
        "law firms|hospitals|parks|bookshops|car washes|EV chargers"
    ),
    "roadthing": _words("tolls|highways|ferries|tunnels|unpaved roads|city centres"),
    "url": _words(
        "https://api.example.org/v2/items|http://localhost:8080/health|https://shop.example.com/cart?id=7|"
        "https://status.example.net|http://10.0.0.5/metrics|https://example.com/login|www.example.org/data.json"
    ),
    "dept": _words("engineering|finance|marketing|legal|support|sales|operations|research|design|logistics"),
    "machine": _words("m5.large|n2-standard-8|c6g.xlarge|t3.micro|Standard_D4s_v5|a2-highgpu-1g|small|gpu"),
    "region": _words("eu-west-1|us-east-2|europe-north1|ap-south-1|westeurope|us-central1|Frankfurt|Oregon"),
    "delimiter": _words(";|tab|pipe|,|colon"),
    "column": _words(
        "price|customer_id|age|city|created_at|status|country|score|email|quantity|label|income|churn"
    ),
    "table": _words("customers|orders|invoices|users|products|sessions|employees|shipments|events"),
    "word": _words(
        "pear|cedar|granite|lagoon|mango|quartz|raven|saffron|thistle|umber|violet|walnut|active|closed|blue"
    ),
    "condition": _words(
        "age > 30|status = 'open'|country = 'DE'|id = 17|price < 20|city is Oslo|total >= 100"
    ),
    "fieldname": _words(
        "north field|plot 7|the upper meadow|field 12B|river plot|Hillside East|south orchard"
    ),
    "crop": _words("wheat|maize|barley|potatoes|soybeans|grapes|rice|tomatoes|olives|sugar beet"),
    "museum": _words("Louvre|Prado|Rijksmuseum|Uffizi|Tate Modern|MoMA|National Gallery|Hermitage|Albertina"),
    "artstyle": _words("Impressionist|Baroque|Cubist|Renaissance|Gothic|Surrealist|abstract|Romantic"),
    "event": _words(
        "Battle of Marathon|French Revolution|fall of Constantinople|Meiji Restoration|Great Fire of London|"
        "signing of the Magna Carta|Black Death|Boston Tea Party|Suez Crisis|Treaty of Tordesillas|Battle of Zama"
    ),
    "histdetail": _words("causes|outcome|date|casualties|leaders|location|consequences|commanders"),
    "invention": _words(
        "telephone|penicillin|steam engine|law of gravity|electron|printing press|zipper|oxygen|laser"
    ),
    "science": _words("physics|medicine|chemistry|biology|astronomy|engineering|mathematics|geology"),
    "instrument": _words(
        "cello|acoustic guitar|grand piano|saxophone|violin|drum kit|trumpet|flute|accordion|ukulele"
    ),
    "deck": _words("standard 52-card|pinochle|tarot|skat|double|shuffled poker"),
    "dna": _words("ACGTTGCA|GATTACA|CCGTAAGT|TTAGGC|AGCTAGCTAA|GGGCATCG|ATATCG|CGTACGTT"),
    "planet": _words(
        "Mars|Jupiter|Betelgeuse|Proxima Centauri|Saturn|the Sun|Europa|Sirius|Venus|Titan|Vega"
    ),
    "planetfact": _words(
        "mass|diameter|distance from Earth|surface temperature|age|orbital period|radius|brightness"
    ),
    "material": _words(
        "copper|silicon|titanium|graphene|steel|gallium arsenide|glass|aluminium|diamond|quartz"
    ),
    "matproperty": _words(
        "density|melting point|thermal conductivity|hardness|band gap|elastic modulus|resistivity"
    ),
    "vehicle": _words("car|bus|plane|train|motorcycle|truck|ferry|electric scooter|van"),
    "cartype": _words("convertible|SUV|compact car|minivan|pickup truck|sedan|camper|hatchback"),
    "homefeature": _words(
        "a balcony|a garden|a garage|air conditioning|a dishwasher|a pool|an elevator|parking"
    ),
    "course": _words(
        "Linear Algebra|CS 101|Organic Chemistry|World History|BIO-240|Machine Learning|Microeconomics"
    ),
    "semester": _words("fall 2025|spring 2026|winter term|summer 2024|autumn semester|the second semester"),
    "newstopic": _words(
        "renewable energy|the elections|artificial intelligence|housing prices|climate policy|space travel"
    ),
    "newspaper": _words("the Guardian|Le Monde|BBC|Reuters|El Pais|the New York Times|Der Spiegel|CNN"),
    "occasion": _words(
        "birthday|wedding|Christmas|graduation|anniversary|housewarming|retirement|baby shower"
    ),
    "relative": _words(
        "my sister|a colleague|my father|our neighbour|a 10 year old boy|my best friend|grandma"
    ),
    "hobby": _words(
        "gardening|chess|cooking|hiking|photography|knitting|video games|sailing|reading|cycling|painting"
    ),
    "fitgoal": _words(
        "lose weight|build muscle|run a marathon|get more flexible|improve my endurance|stay healthy"
    ),
    "equipment": _words(
        "dumbbells|a treadmill|resistance bands|a yoga mat|a kettlebell|a pull-up bar|a rowing machine"
    ),
    "insurancekind": _words("car|life|home|travel|health|liability|dental|bicycle"),
    "expensekind": _words("travel|office supplies|meals|software|hotel|training|groceries|fuel|parking|rent"),
    "job": _words(
        "data engineer|nurse|site manager|product designer|bookkeeper|truck driver|backend developer|teacher"
    ),
    "product": _words(
        "office chairs|desk lamps|USB cables|blue pens|monitors|hex bolts|paper boxes|batteries|keyboards"
    ),
    "productquery": _words(
        "running shoes|rain jacket|backpack|coffee grinder|office chair|headphones|jeans|tent|scarf"
    ),
    "size": _words("M|XL|42|10|small|large|S|38|XXL|medium"),
    "complaint": _words(
        "it arrived broken|the colour is wrong|it came too late|it was ordered twice|it doesn't fit"
    ),
    "filter": _words("sepia|vintage|black and white|vivid|blur|sharpen|warm"),
    "codec": _words("h264|AV1|VP9|HEVC|ProRes|MPEG-2|H.265"),
    "coupon": _words("SPRING10|WELCOME|SAVE25|FRIENDS-5|BLACKFRIDAY|ZX81"),
    "title": _words(
        "The Last Lighthouse|Paper Moons|A Winter in Tromso|Silent River|The Clockmaker's Daughter|Dune|Emma|Nine Doors|"
        "Under the Copper Sky|The Salt Road|Moby Dick|Inception|Letters to Nobody|Yesterday|Blue Train|Imagine"
    ),
    "platform": _words("PC|Switch|PlayStation 5|Xbox|Steam|mobile|PlayStation|Mac"),
    "cellpart": _words(
        "mitochondria|nucleus|ribosomes|cell membrane|Golgi apparatus|chloroplasts|cytoplasm|lysosomes"
    ),
    "snp": _words("rs6034464|rs1801133|rs429358|rs7412|rs334|rs53576|rs1805007"),
    "office": _words("president|mayor|governor|prime minister|senator|chancellor|speaker"),
    "theory": _words(
        "theory of relativity|Pythagorean theorem|law of large numbers|plate tectonics|quantum mechanics|Ohm's law|"
        "central limit theorem|germ theory|Hubble's law|game theory|Goedel's incompleteness theorem"
    ),
    "religion": _words("Buddhism|Christianity|Islam|Hinduism|Judaism|Shinto|Sikhism|Taoism|Zoroastrianism"),
    "religionaspect": _words("holidays|beliefs|history|holy books|core teachings|rituals|founders|symbols"),
    "period": _words(
        "Middle Ages|19th century|Renaissance|Bronze Age|Edo period|Cold War|early modern period"
    ),
    "artwork": _words(
        "David|The Thinker|Venus de Milo|The Kiss|Mona Lisa|The Starry Night|Guernica|Sunflowers"
    ),
    "artdetail": _words("material|height|location|year|price|owner|weight|style"),
    "stockfigure": _words("closing price|trading volume|open|market value|dividends|earnings per share|high"),
    "skill": _words(
        "web design|copywriting|Python|video editing|bookkeeping|plumbing|Photoshop|data entry|SEO"
    ),
    "eventtype": _words(
        "jazz festivals|flea markets|art exhibitions|tech meetups|food fairs|poetry readings|marathons"
    ),
    "tuning": _words("drop D|standard tuning|open G|DADGAD|concert pitch|half step down"),
    "key": _words("C|G|D|A minor|F sharp|B flat|E|E flat"),
    "scale": _words("major|minor|pentatonic|blues|Dorian|harmonic minor|chromatic|whole tone"),
    "foodreason": _words("allergic to it|on a diet|a vegan|out of it|lactose intolerant"),
    "vaccine": _words("flu|tetanus|measles|hepatitis B|yellow fever|rabies|shingles|COVID"),
    "stopname": _words(
        "Main Station|Market Square|Harbour Street|City Hall|University North|Oak Avenue|Museum Island"
    ),
    "busline": _words("line 7|the M41|bus 102|tram 4|the U6|line N12|the express"),
    "ridetype": _words("minivan|comfort ride|shared ride|black car|wheelchair taxi|electric car|limousine"),
    "device": _words(
        "fridge|heater|desktop computer|washing machine|television|air conditioner|dehumidifier|oven"
    ),
    "pet": _words("dog|cat|rabbit|parrot|hamster|tortoise|pony|goldfish|guinea pig"),
    "charity": _words(
        "Red Cross|Oceans Alive|the food bank|WWF|Doctors of the World|the animal shelter|UNICEF"
    ),
    "climate": _words("tropical|temperate|dry|Mediterranean|cold|humid|alpine"),
    "nutrient": _words("nitrogen|phosphate|potash|lime|compost|manure|magnesium"),
    "speedunit": _words("km/h|mph|m/s|knots|feet per second"),
    "binary": _words("101101|7714|2201|1001|345|6160|12021"),
    "branch": _words("main|develop|feature/login|fix-typo|release/2.4|hotfix-91|feature/dark-mode|staging"),
    "metric": _words(
        "CPU usage|error rate|queue length|p99 latency|memory use|disk usage|requests per second|lag"
    ),
    "channel": _words("#ops|#alerts|the on-call team|#backend|PagerDuty|#oncall|the SRE channel"),
    "flag": _words(
        "new_checkout|dark-mode|max_retries|beta_search|log.level|use_cache|cache-ttl|fast_path|session_timeout|"
        "verify_ssl|pool.size|auto_update|keep-alive"
    ),
    "cause": _words(
        "a full disk|an expired certificate|a bad deploy|a network split|a memory leak|a broken migration|"
        "too many connections|a typo in the config|a power cut|a DNS failure"
    ),
    "algorithm": _words(
        "ResNet-50|XGBoost|a linear SVM|BERT|k-means|a random forest|LightGBM|a small transformer"
    ),
    "gpuname": _words("A100|single V100|laptop|RTX 4090|TPU v3|Raspberry Pi|Mac mini"),
    "envvar": _words("APP_DEBUG|MAX_JOBS|HTTP_PROXY|LOG_LEVEL|CACHE_DIR|NO_COLOR|WORKERS|DATABASE_URL"),
    "funcname": _words(
        "parse_header|load()|get_user_by_id|open_socket|merge|Cache.evict|to_json|split_path|retry"
    ),
    "thing": _words(
        "a list of strings|the number of rows|a new connection|the parsed document|True on success|an iterator|"
        "the absolute path|a copy of the array|a tuple of two floats|None"
    ),
    "exception": _words(
        "ValueError|KeyError|TimeoutError|IOError|PermissionError|a TypeError|NotFound|OSError"
    ),
}
UNITS: Final = _words("zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve")
_MONTHS: Final = SIMPLE["month"]


def number(low: str, high: str, rng: random.Random, *, whole: bool) -> Value:
    """A number between two; small ones are sometimes words, large ones sometimes have commas."""
    if whole or rng.random() < 0.55:
        n: float = rng.randint(int(float(low)), max(int(float(high)), int(float(low))))
        n = int(n) if whole or n else float(low)
        if isinstance(n, int):
            n = round(n, -2) if abs(n) > 900 and rng.random() < 0.5 else n
    else:
        n = round(rng.uniform(float(low), float(high)), rng.choice((1, 1, 2, 3)))
    if isinstance(n, int) and 0 < n <= 12 and rng.random() < 0.2:
        return Value(UNITS[n], n)
    if isinstance(n, int) and n >= 1000 and rng.random() < 0.5:
        return Value(f"{n:,}", n)
    return Value(str(n), n)


def _date(rng: random.Random) -> Value:
    year, month, day = rng.randint(1995, 2031), rng.randint(1, 12), rng.randint(1, 28)
    iso = f"{year}-{month:02}-{day:02}"
    name = _MONTHS[month - 1]
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd"}.get(day, "th")
    text = rng.choice(
        (
            iso, iso, f"{day} {name} {year}", f"{name} {day}, {year}", f"{name} {day}{ending}, {year}",
            f"{day}{ending} of {name} {year}", f"{month:02}/{day:02}/{year}", f"{name[:3]} {day} {year}",
            f"{day}.{month}.{year}", f"the {day}{ending} of {name}, {year}",
        )
    )  # fmt: skip
    return Value(text, iso)


def _money(rng: random.Random) -> Value:
    n = rng.choice((rng.randint(3, 900), rng.randint(10, 900) * 100, rng.randint(1, 90) * 10_000))
    if rng.random() < 0.1:
        millions = rng.choice((1.5, 2, 3, 1.2, 4.75))
        return Value(rng.choice((f"${millions} million", f"{millions} million dollars")), millions * 1e6)
    cents = rng.choice((0, 0, 0, rng.randint(1, 99)))
    amount = n + cents / 100 if cents else n
    shown = f"{amount:,.2f}" if cents else rng.choice((f"{n:,}", str(n)))
    form = rng.choice(("${}", "${}", "{} dollars", "{} euros", "EUR {}", "€{}", "£{}", "{}", "{} USD"))
    return Value(form.format(shown), amount)


def _percent(rng: random.Random) -> Value:
    n = rng.choice((rng.randint(1, 30), round(rng.uniform(0.2, 15), 1), round(rng.uniform(0.2, 15), 2)))
    return Value(rng.choice(("{}%", "{}%", "{}%", "{} %", "{} percent", "{} per cent")).format(n), n)


def _time(rng: random.Random) -> Value:
    hour, minute = rng.randint(0, 23), rng.choice((0, 0, 15, 30, 45, 5, 20))
    half = f"{(hour - 1) % 12 + 1}" + (f":{minute:02}" if minute else "")
    suffix = "am" if hour < 12 else "pm"
    text = rng.choice(
        (f"{hour:02}:{minute:02}", f"{half} {suffix}", f"{half}{suffix}", f"{half} {suffix.upper()}")
    )
    return Value(text, f"{hour:02}:{minute:02}")


def _handle(rng: random.Random) -> str:
    return f"{rng.choice(FIRST)}{rng.choice(('.', '_', ''))}{rng.choice(LAST)}".lower().replace("'", "")


def _path(rng: random.Random) -> str:
    parts = [
        "var",
        "home",
        "srv",
        "data",
        "backup",
        "log",
        "projects",
        "photos",
        "etc",
        "www",
        "tmp",
        "mnt",
        "app",
    ]
    start = rng.choice(("/", "/", "/", "~/", "./", "C:\\"))
    return start + ("\\" if "\\" in start else "/").join(rng.sample(parts, rng.randint(1, 3)))


def _file(rng: random.Random, suffixes: str = "csv|txt|pdf|json|xlsx|log|md") -> str:
    stem = rng.choice(
        ("report", "sales", "q3", "holiday", "notes", "train", "survey", "IMG", "plan", "data", "draft")
    )
    return f"{stem}{rng.choice(('', '_2024', '-final', '_v2', '01'))}.{rng.choice(suffixes.split('|'))}"


def _name(rng: random.Random) -> str:
    return rng.choice(("{f} {l}", "{f} {l}", "{f} {m}. {l}", "Dr. {l}", "{f}")).format(
        f=rng.choice(FIRST), l=rng.choice(LAST), m=rng.choice("ABCDEFGHJKLM")
    )


_MADE: Final[dict[str, Callable[[random.Random], str]]] = {
    "person": _name,
    "business": lambda r: r.choice((*NAMES, f"{r.choice(LAST)}'s", f"Cafe {r.choice(FIRST)}", f"Hotel {r.choice(LAST)}")),
    "email": lambda r: f"{_handle(r)}@{r.choice(('example.com', 'mail.example.org', 'acme.test', 'uni.example.edu'))}",
    "phone": lambda r: r.choice(("+49 30 {}", "555-{}", "(212) 555-{}", "0{} 7")).format(r.randint(1000, 9999)),
    "username": _handle,
    "host": lambda r: f"{r.choice(('web', 'db', 'node', 'app', 'mail', 'ci', 'edge'))}{r.choice(('-', ''))}"
    f"{r.randint(1, 40)}{r.choice(('', '.example.com', '.prod.local', ''))}",
    "path": _path,
    "file": _file,
    "image": lambda r: _file(r, "png|jpg|jpeg|tiff|webp"),
    "video": lambda r: _file(r, "mp4|mov|mkv|avi"),
    "version": lambda r: r.choice(("{}.{}.{}", "v{}.{}.{}", "{}.{}")).format(*(r.randint(0, 20) for _ in range(3))),
    "year": lambda r: str(r.randint(1890, 2026)),
    "repo": lambda r: r.choice(("infra", "web-app", "acme/api", "docs", "mobile", "data-tools", "acme/billing")),
    "ip": lambda r: ".".join(str(r.randint(1, 254)) for _ in range(4)),
    "orderid": lambda r: r.choice(("#{}", "A-{}", "ORD{}", "{}", "2024/{}")).format(r.randint(1000, 99999)),
    "caseid": lambda r: r.choice(("{0}-CV-{1}", "C-{1}/{0}", "{1}/{0}", "No. {1}")).format(r.randint(10, 24), r.randint(100, 9999)),
    "street": lambda r: f"{r.randint(1, 300)} {r.choice(LAST)} {r.choice(('Street', 'Road', 'Ave', 'Lane'))}",
    "timecode": lambda r: f"{r.randint(0, 2):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}",
}  # fmt: skip


_VALUED: Final = {"date": _date, "money": _money, "percent": _percent, "time": _time}


def draw(pool: str, rng: random.Random, *, whole: bool = False) -> Value:
    """A value of a pool: its name, `1..9`, `@a|b|c`, or one of these with `+` for a list."""
    if pool.endswith("+"):
        count = rng.choice((1, 2, 2, 3, 3, 4))
        kind = "1..200" if pool == "number+" else pool[:-1]
        count = max(3, count) if pool == "number+" else count
        drawn = list({v.text: v for v in (draw(kind, rng, whole=whole) for _ in range(count))}.values())
        if pool == "number+":
            drawn = [Value(str(v.value), v.value) for v in drawn]
        texts = [v.text for v in drawn]
        last = rng.choice((" and ", " and ", ", and ", ", "))
        joined = texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + last + texts[-1]
        return Value(joined, [v.value for v in drawn], tuple(texts))
    if pool.startswith("@"):
        text = rng.choice(pool[1:].split("|"))
        return Value(text, text)
    if ".." in pool:
        low, high = pool.split("..")
        return number(low, high, rng, whole=whole)
    if pool in _VALUED:
        return _VALUED[pool](rng)
    text = _MADE[pool](rng) if pool in _MADE else rng.choice(SIMPLE[pool])
    return Value(text, text)
