"""Recall and false alarms of masking: made secrets of more than 200 kinds in six contexts; real text.

    python benchmarks/redaction.py                      recall by context and kind
    python benchmarks/redaction.py --text DIR [DIR …]   false alarms in the files below these folders
    python benchmarks/redaction.py --marked FILE.tsv    recall on lines of a file: secret, TAB, line (escaped)

The forms are written after the issuers' documentation, not after the rules. A secret counts as masked when no
part of it longer than three characters is left. E-mail addresses are no false alarms: all are masked.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import re
import string
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from mcp_smalltools.privacy.redact import Redactor

_LETTERS: Final = {
    "A": string.ascii_letters + string.digits,
    "W": string.ascii_letters + string.digits + "_-",
    "L": string.ascii_lowercase + string.digits,
    "U": string.ascii_uppercase + string.digits,
    "H": "0123456789abcdef",
    "B": string.ascii_letters + string.digits + "+/",
    "D": string.digits,
    "T": string.ascii_uppercase + "234567",
    "P": string.ascii_letters + string.digits + "!#$%^*+=?@~",
    "Z": string.ascii_lowercase,
    "M": string.ascii_letters,
    "N": "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
}

# {A36}: 36 letters and digits; {I}: a UUID; {a|b}: one of these.
FORMS: Final = """
aws access key|AKIA{U16}
aws session key id|ASIA{U16}
aws mws|amzn.mws.{I}
aws bedrock|ABSK{B110}==
akamai|akab-{L16}-{L16}
alibaba|LTAI{A20}
tencent|AKID{A32}
baidu|ALTAK{A21}
volcengine|AKLT{A44}
scaleway|SCW{U17}
exoscale|EXO{H24}
yandex api|AQVN{W36}
yandex oauth|y0_{W55}
digitalocean|dop_v1_{H64}
digitalocean refresh|dor_v1_{H64}
digitalocean spaces|DO00{U16}
heroku|HRKU-{I}
fly.io|fo1_{W43}
render|rnd_{A28}
vercel|vcp_{A56}
netlify|nfp_{A36}
cloudflare user|cfut_{A48}
cloudflare ca|v1.0-{H24}-{H146}
databricks|dapi{H32}
terraform cloud|{A14}.atlasv1.{A67}
pulumi|pul-{H40}
prefect|pnu_{A36}
infracost|ico-{A32}
openshift|sha256~{W43}
rancher|token-{L5}:{L54}
docker swarm|SWMTKN-1-{L50}-{L25}
docker hub|dckr_pat_{W27}
backblaze|K00{D1}{B27}
deno|ddp_{A36}
dnsimple|dnsimple_a_{A32}
porkbun|pk1_{H64}
defined networking|dnkey-{W26}-{W52}
tailscale|tskey-auth-{A12}-{A32}
harness|pat.{W22}.{H24}.{A20}
octopus|API-{U26}
github|ghp_{A36}
github oauth|gho_{A36}
github server|ghs_{A36}
github fine|github_pat_{A22}_{A59}
github old app|v1.{H40}
gitlab|glpat-{W20}
gitlab deploy|gldt-{W20}
gitlab runner|glrt-{W20}
gitlab trigger|glptt-{H40}
gitlab old runner|GR1348941{W20}
bitbucket app|ATBB{A28}{U8}
bitbucket server|BBDC-{B44}
atlassian|ATATT3xFfGF0{W170}={U8}
trello|ATTA{H64}
npm|npm_{A36}
pypi|pypi-AgEIcHlwaS5vcmc{W150}
rubygems|rubygems_{H48}
crates|cio{A32}
nuget|oy2{L43}
clojars|CLOJARS_{L60}
packagist|packagist_uut_{H68}
jfrog|AKCp8{A68}
jfrog reference|cmVmdGtu{A56}
circleci|CCIPAT_{A22}_{H40}
buildkite|bkua_{H40}
sonarqube|squ_{H40}
sonarqube project|sqp_{H40}
snyk|snyk_uat.{A8}.{W60}
sourcegraph|sgp_{H16}_{H40}
postman|PMAK-{H24}-{H34}
postman collection|PMAT-{U26}
unkey|unkey_{A24}
zuplo|zpka_{H32}_{H8}
readme|rdme_{L70}
trigger.dev|tr_prod_{A24}
inngest|signkey-prod-{H64}
anaconda|an-{I}
vault|hvs.{W90}
vault batch|hvb.{W140}
doppler|dp.st.dev.{A43}
doppler personal|dp.pt.{A43}
1password service|ops_eyJ{W250}
1password key|A3-{U6}-{U6}-{U5}-{U5}-{U5}-{U5}
bitwarden|0.{I}.{A30}:{B22}==
infisical|st.{H24}.{H32}.{H32}
age|AGE-SECRET-KEY-1{U58}
launchdarkly|sdk-{I}
statsig|secret-{A43}
stytch|secret-live-{W36}=
salesforce|00D{A15}!{A96}
openai project|sk-proj-{W74}
openai service|sk-svcacct-{W70}
openai old|sk-{A20}T3BlbkFJ{A20}
anthropic|sk-ant-api03-{W93}AA
openrouter|sk-or-v1-{H64}
langfuse|sk-lf-{I}
google api|AIza{W35}
google oauth|GOCSPX-{W28}
google access|ya29.{W120}
google refresh|1//0{W60}
google hmac|GOOG1E{U57}
firebase|AAAA{W7}:{W140}
hugging face|hf_{M34}
replicate|r8_{A37}
groq|gsk_{A52}
xai|xai-{A80}
perplexity|pplx-{A48}
together|tgp_v1_{W43}
tavily|tvly-dev-{A32}
llamacloud|llx-{A48}
fireworks|fw_{A24}
cerebras|csk-{L48}
pinecone|pcsk_{A6}_{A63}
langsmith|lsv2_pt_{H32}_{H10}
elevenlabs|sk_{H48}
voyage|pa-{W43}
jina|jina_{A60}
nvidia|nvapi-{W64}
firecrawl|fc-{H32}
cursor|key_{H64}
e2b|e2b_{H40}
modal|as-{A22}
runpod|rpa_{U46}
anyscale|esecret_{A26}
browserbase|bb_live_{W27}
neon|napi_{L64}
planetscale|pscale_tkn_{W43}
supabase|sbp_{H40}
supabase secret|sb_secret_{W31}
mongodb atlas|mdb_sa_sk_{W40}
cockroachdb|CCDB1_{A22}_{A40}
aiven|AVNS_{W19}
confluent|cflt{B60}
clickhouse|4b1d{A38}
tinybird|p.eyJ{A60}.{W43}
slack bot|xoxb-{D12}-{D13}-{A24}
slack user|xoxp-{D12}-{D12}-{D13}-{H32}
slack app|xapp-1-A{U10}-{D13}-{H64}
slack refresh|xoxe-1-{A140}
slack webhook|https://hooks.slack.com/services/T{U8}/B{U10}/{A24}
discord webhook|https://discord.com/api/webhooks/{D18}/{W68}
teams webhook|https://corp.webhook.office.com/webhookb2/{I}@{I}/IncomingWebhook/{H32}/{I}
twilio key|SK{H32}
twilio account|AC{H32}
sendgrid|SG.{W22}.{W43}
mailgun|key-{H32}
mailgun new|{H32}-{H8}-{H8}
mailchimp|{H32}-us{D1}
brevo|xkeysib-{H64}-{A16}
resend|re_{A8}_{A24}
mandrill|md-{W22}
onesignal|os_v2_app_{L103}
pubnub|sec-c-{B48}
nylas|nyk_v0_{A64}
klaviyo|pk_{H34}
hubspot|pat-na1-{I}
intercom|dG9rOj{B60}=
telegram|{D9}:AA{W33}
discord bot|M{A23}.{W6}.{W38}
grafana cloud|glc_eyJ{B90}
grafana service|glsa_{A32}_{H8}
grafana old|eyJrIjoi{B70}==
new relic user|NRAK-{U27}
new relic ingest|{H36}NRAL
new relic browser|NRJS-{H19}
sentry org|sntrys_eyJ{B150}_{B43}
sentry user|sntryu_{H64}
dynatrace|dt0c01.{U24}.{U64}
honeycomb|hcaik_{L58}
posthog|phx_{A43}
segment|sgp_{A64}
axiom|xaat-{I}
contentful|CFPAT-{W43}
linear|lin_api_{A40}
notion|ntn_{A46}
notion old|secret_{A43}
figma|figd_{W40}
airtable|pat{A14}.{H64}
asana|1/{D16}:{H32}
clickup|pk_{D8}_{U32}
typeform|tfp_{W44}
frame.io|fio-u-{W64}
mapbox|sk.eyJ{W70}.{W22}
maxmind|{A6}_{A29}_mmk
lichess|lip_{A20}
wundergraph|cosmo_{H32}
apollo|service:my-graph:{W22}
stripe|sk_live_{A24}
stripe restricted|rk_live_{A24}
stripe webhook|whsec_{A32}
shopify|shpat_{H32}
square|sq0atp-{W22}
square access|EAAA{W60}
paypal|access_token$production${L16}${H32}
plaid|access-production-{I}
razorpay|rzp_live_{A14}
flutterwave|FLWSECK_TEST-{A32}-X
mollie|live_{A30}
lob|test_{H35}
shippo|shippo_live_{H40}
easypost|EZAK{A54}
duffel|duffel_live_{W43}
polar|polar_oat_{A43}
paddle|pdl_live_apikey_{L26}_{A22}_{A3}
facebook|EAAB{A140}
facebook app|{D16}|{W27}
instagram|IGQV{W120}
twitter bearer|AAAAAAAAAAAAAAAAAAAAA{A8}%2F{A60}
twitter access|{D18}-{A40}
linkedin|AQV{W120}
linkedin client|WPL_AP1.{A16}.{A8}==
spotify|BQ{W150}
dropbox|sl.{W130}
twitch|oauth:{L30}
riot|RGAPI-{I}
nkey|SU{T56}
azure secret|{A3}8Q~{A34}
azure storage|{B76}+AStABCDEF==
azure devops|{L76}AZDOabcd
jwt|eyJ{A20}.eyJ{A60}.{W43}
bcrypt|$2y$10${A53}
apr1|$apr1$aBcDeF12${A22}
shadow|$6$rounds=5000$saltsalt${A86}
argon2|$argon2id$v=19$m=65536,t=3,p=4${B22}${B43}
"""

# Secrets without a form of their own: what names them, and what they are made of.
NAMED: Final = """
password|{P14}
db password|{M4}{D3}{P3}
smtp pass|{A10}
redis password|{A16}
secret key|{P40}
secret key base|{H128}
client secret|{A32}
api key|{H32}
datadog api key|{H32}
algolia admin key|{H32}
cloudflare api key|{H37}
aws secret access key|{B40}
azure client secret|{A40}
auth token|{A32}
access token|{W40}
refresh token|{W48}
session secret|{A24}
jwt secret|{P32}
encryption key|{H64}
private key|{H64}
webhook secret|{H40}
signing key|{B43}=
service key|{A40}
master key|{A32}
consumer secret|{A50}
okta api token|00{W40}
jenkins token|11{H32}
heroku api key|{I}
pagerduty token|{W20}
deploy token|{A20}
license key|{U5}-{U5}-{U5}-{U5}
root password|{M8}
user pwd|{D8}
account key|{B86}==
passphrase|{P20}
storage key|{B64}
"""

CONTEXTS: Final[dict[str, Callable[[str, str, random.Random], str]]] = {
    "text": lambda name, value, r: (
        f"For the new host the {name} is {value} until the end of the month."
        if r.random() < 0.5
        else f"{name.capitalize()}: {value}"
    ),
    "yaml": lambda name, value, r: (
        "service:\n  name: shop\n  "
        + (f"{_snake(name)}: {_yaml(value)}\n" if r.random() < 0.7 else f'{_snake(name)}: "{value}"\n')
        + "  port: 8080\n"
    ),
    "json": lambda name, value, r: json.dumps(
        {"name": "shop", (_snake(name) if r.random() < 0.5 else _camel(name)): value, "port": 80},
        indent=2 if r.random() < 0.5 else None,
    ),
    "shell": lambda name, value, r: (
        f"# set by the installer\nexport {_snake(name).upper()}='{value}'\nexport PORT=80\n"
        if r.random() < 0.5 or any(c in value for c in "$*?#~=&|;%^!")
        else f"PORT=80\n{_snake(name).upper()}={value}\nHOST=shop\n"
    ),
    "code": lambda name, value, r: r.choice(
        [
            f'    {_snake(name)} = "{value}"\n    client = connect({_snake(name)})\n',
            f"const {_camel(name)} = '{value}';\n",
            f'private static final String {_snake(name).upper()} = "{value}";\n',
            f'client.configure({_snake(name)}="{value}", retries=3)\n',
        ]
    ),
    "log or csv": lambda name, value, r: (
        f"2026-03-01 04:00:01 INFO worker-3 login with {_snake(name)}={value} from 10.0.0.7\n"
        if r.random() < 0.5
        else f"id,user,{_snake(name)},city\n1,ann,{value},Rome\n"
    ),
}


def _snake(name: str) -> str:
    return name.replace(" ", "_")


def _camel(name: str) -> str:
    first, *rest = name.split()
    return first + "".join(word.title() for word in rest)


def _yaml(value: str) -> str:
    return f"'{value}'" if value[0] in "!#$%^*&?@~=+-" or ": " in value or " #" in value else value


def made(form: str, chance: random.Random) -> str:
    """A secret of the form."""

    def part(found: re.Match[str]) -> str:
        if found[1] == "I":
            digits = "".join(chance.choice(_LETTERS["H"]) for _ in range(32))
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        return "".join(chance.choice(_LETTERS[found[1][0]]) for _ in range(int(found[1][1:])))

    return re.sub(r"\{(I|[A-Z]\d+)\}", part, form)


def kinds() -> dict[str, tuple[str, str]]:
    """By kind: the name that stands before the secret, and its form."""
    found = {}
    for row in FORMS.strip().splitlines():
        kind, _, form = row.partition("|")
        found[kind] = ("value", form)
    for row in NAMED.strip().splitlines():
        name, _, form = row.partition("|")
        found[f"named {name}"] = (name, form)
    return found


def is_masked(text: str, value: str) -> bool:
    """Whether no part of the value that is longer than three characters is left."""
    out = re.sub(r"<[A-Z_]+_\d+>", "\n", Redactor().scrub(text))
    return not any(part in out for part in re.split(r"[\n.\s=:/|$]+", value) if len(part) > 3)


def recall(each: int, seed: int) -> Iterator[tuple[str, str, bool, str]]:
    """Kind, context, whether it was masked, and the text."""
    chance = random.Random(seed)
    for kind, (name, form) in kinds().items():
        for context, wrap in CONTEXTS.items():
            for _ in range(each):
                value = made(form, chance)
                text = wrap(name, value, chance)
                shown = json.dumps(value)[1:-1] if context == "json" else value
                yield kind, context, is_masked(text, shown), text


def false_alarms(folders: list[Path], most_lines: int) -> tuple[int, list[tuple[str, str]]]:
    """Lines looked at, and the lines that were changed by more than an e-mail address's mask."""
    lines, hits = 0, []
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if (
                not path.is_file()
                or path.is_symlink()
                or path.suffix in {".pyc", ".so", ".gz", ".whl", ".pem", ".crt"}
            ):
                continue
            data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
            if b"\0" in data[:4096] or len(data) > 40_000_000:
                continue
            text = data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
            before = text.split("\n")[:most_lines]
            after = Redactor().scrub("\n".join(before)).split("\n")
            lines += len(before)
            for old, new in zip(before, after, strict=True):
                if old != new and re.search(r"<(?!EMAIL_)[A-Z_]+_\d+>", new):
                    hits.append((str(path), f"{old.strip()[:120]} => {new.strip()[:120]}"))
    return lines, hits


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--text", type=Path, nargs="+", help="folders or files of ordinary text")
    parser.add_argument("--most-lines", type=int, default=100_000, help="lines of one file")
    parser.add_argument("--marked", type=Path, help="lines with known secrets")
    parser.add_argument("--each", type=int, default=4, help="secrets of each kind and context")
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--show", type=int, default=0, help="misses or false alarms to print")
    args = parser.parse_args()
    if args.text:
        lines, hits = false_alarms(args.text, args.most_lines)
        for path, line in random.Random(1).sample(hits, min(args.show, len(hits))):
            print(f"{path[-50:]}: {line!r}")
        print(f"{len(hits)} of {lines:,} lines: {1000 * len(hits) / max(1, lines):.3f} in 1,000")
        return
    if args.marked:
        rows = [line.rstrip("\n").split("\t", 1) for line in args.marked.read_text().splitlines()]
        texts = [(json.loads(f'"{value}"'), json.loads(f'"{line}"')) for value, line in rows]
        found = [is_masked(line, value) for value, line in texts]
        for ok, (value, line) in zip(found, texts, strict=True):
            if not ok and args.show:
                print(f"missed {value!r} in {line[:160]!r}")
        print(f"{sum(found)} of {len(found)}: {sum(found) / len(found):.3f}")
        return
    by_context: dict[str, list[bool]] = defaultdict(list)
    by_kind: dict[str, list[bool]] = defaultdict(list)
    shown = 0
    for kind, context, ok, text in recall(args.each, args.seed):
        by_context[context].append(ok)
        by_kind[kind].append(ok)
        if not ok and shown < args.show:
            print(f"missed {kind} in {context}: {text!r}"[:300])
            shown += 1
    for context, found in by_context.items():
        print(f"{context:<12}{sum(found) / len(found):.4f} of {len(found)}")
    worst = sorted(by_kind, key=lambda kind: sum(by_kind[kind]) / len(by_kind[kind]))[:12]
    print("lowest:", ", ".join(f"{kind} {sum(by_kind[kind]) / len(by_kind[kind]):.2f}" for kind in worst))
    every = [ok for found in by_kind.values() for ok in found]
    print(f"{len(by_kind)} kinds, {len(every)} secrets: {sum(every) / len(every):.4f}")


if __name__ == "__main__":
    main()
