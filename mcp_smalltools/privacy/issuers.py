"""Tokens that are known by their own form, as their issuers document it for users and secret scanning.

Shorthands: %A letters and digits, %W the same with - and _, %L lower-case letters and digits, %U upper-case
ones, %H hexadecimal digits, %B Base64, %I a UUID. Nothing here starts inside a word.
"""

from __future__ import annotations

import re
from typing import Final

_SHORTHANDS: Final = {
    "%A": "[A-Za-z0-9]",
    "%W": "[A-Za-z0-9_-]",
    "%L": "[a-z0-9]",
    "%U": "[A-Z0-9]",
    "%H": "[a-f0-9]",
    "%B": "[A-Za-z0-9+/]",
    "%I": "[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}",
}

_BY_PREFIX: Final[dict[str, tuple[str, ...]]] = {
    # Clouds and hosting.
    "AWS": (
        r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ABIA|ACCA|A3T[A-Z0-9])%U{16}",
        r"amzn\.mws\.%I",
        r"(?:IQoJb3JpZ2lu|F[wQ]oGZXIvYXdz)%B{80,}={0,2}",
    ),
    "AWS Bedrock": (r"ABSK%B{60,}={0,2}", r"bedrock-api-key-%B{20,}={0,2}"),
    "Akamai": (r"akab-%L{16}-%L{16}",),
    "Alibaba": (r"LTAI%A{12,26}",),
    "Tencent": (r"AKID%A{32}",),
    "Baidu": (r"ALTAK%A{21}", r"bce-v3/%W+/%H{40}"),
    "Volcengine": (r"AKLT%W{40,}",),
    "Scaleway": (r"SCW%U{17}",),
    "Exoscale": (r"EXO%H{24}",),
    "Yandex": (
        r"AQVN%W{35,40}",
        r"YC[A-Z]%W{22,40}",
        r"y[0-3]_%W{40,}",
        r"t1\.[A-Z0-9]%W{20,}\.%W{60,}={0,2}",
    ),
    "DigitalOcean": (r"do[opr]_v1_%H{64}", r"DO00%U{16}"),
    "Heroku": (r"HRKU-%W{36,}",),
    "Fly.io": (r"fo1_%W{43}", r"fm[12][ar]?_%B{80,}={0,3}"),
    "Render": (r"rnd_%A{28,}",),
    "Vercel": (r"vc[a-z]_%A{24,}", r"vercel_blob_rw_%A{12,}_%A{24,}"),
    "Netlify": (r"nf[a-z]_%A{32,}",),
    "Cloudflare": (r"v1\.0-%H{24}-%H{100,}", r"cf[a-z]{1,4}_%A{38,}"),
    "Databricks": (r"dapi%H{32}(?:-\d)?", r"dose%H{32}"),
    "Terraform": (r"atlasv1\.%W{60,}",),
    "Pulumi": (r"pul-%H{40}",),
    "Prefect": (r"pn[ub]_%A{36}",),
    "Infracost": (r"ico-%A{32}",),
    "OpenShift": (r"sha256~%W{43}",),
    "Rancher": (r"token-%L{5}:%L{54}", r"kubeconfig-[a-z0-9.-]{3,40}:%L{54}"),
    "Docker Swarm": (r"SWMTKN-1-%L{40,52}-%L{24,26}", r"SWMKEY-1-%B{40,44}=?"),
    "Docker Hub": (r"dckr_(?:pat|oat)_%W{20,}",),
    "Backblaze": (r"K00\d%B{27}",),
    "Deno": (r"dd[pwo]_%A{36}",),
    "DNSimple": (r"dnsimple_[au]_%A{32}",),
    "Porkbun": (r"[ps]k1_%H{64}",),
    "Defined Networking": (r"dnkey-%W{26,40}-%W{40,60}",),
    "Tailscale": (r"tskey-[a-z]+-%A+-%A{16,}",),
    "Harness": (r"[ps]at\.%W{22}\.%A{24}\.%A{20}",),
    "Octopus Deploy": (r"API-%U{25,34}",),
    # Code, packages, builds.
    "GitHub": (r"gh[pousr]_%A{30,255}", r"github_pat_[A-Za-z0-9_]{22,255}", r"v1\.%H{40}"),
    "GitLab": (
        r"gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct|wt|et)-[A-Za-z0-9_.-]{20,}",
        r"GR1348941%W{20,}",
    ),
    "Bitbucket": (r"ATBB%A{24,40}", r"ATCTT3%W{20,}[A-Za-z0-9_=-]*", r"BBDC-%B{40,44}"),
    "Atlassian": (r"AT[A-Z]TT3[A-Za-z0-9_=-]{60,}", r"ATTA%A{60,}"),
    "npm": (r"npm_%A{36}",),
    "PyPI": (r"pypi-AgE%W{50,}",),
    "RubyGems": (r"rubygems_%H{48}",),
    "crates.io": (r"cio%A{32}",),
    "NuGet": (r"oy2%L{43}",),
    "Clojars": (r"CLOJARS_%L{60}",),
    "Packagist": (r"packagist_[a-z]{2,4}_%H{40,}",),
    "JFrog": (r"AKC[a-z]\d?%A{60,}", r"cmVmdGtu%A{50,}"),
    "CircleCI": (r"CCI[A-Z]{3}_%A{20,24}_%H{40}",),
    "Buildkite": (r"bk[a-z]{1,3}_%A{40}",),
    "SonarQube": (r"sq[a-z]_%H{40}",),
    "Snyk": (r"snyk_[a-z]{3}\.%A{6,}\.%W{20,}[A-Za-z0-9_.-]*",),
    "Sourcegraph": (r"sgp_(?:[a-z0-9]{5,16}_)?%H{40}", r"slk_%H{64}"),
    "Codacy": (r"codacy_%A{20,}",),
    "Postman": (r"PMA[KT]-%A{24}(?:-%H{34}|%A*)",),
    "Unkey": (r"unkey_%A{20,}",),
    "Zuplo": (r"zp[a-z]{2}_%A{32}_%H{8}",),
    "Read me": (r"rdme_%L{60,}",),
    "Trigger.dev": (r"tr_(?:dev|prod|stg|preview)_%A{20,}",),
    "Inngest": (r"signkey-[a-z]{4,8}-%H{64}",),
    "Anaconda": (r"an-%I",),
    # Secrets' keepers and identity.
    "Vault": (r"hv[sbr]\.%W{24,}",),
    "Doppler": (r"dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9_.-]{40,}",),
    "1Password": (r"ops_eyJ[A-Za-z0-9_=-]{100,}", r"A3-%U{6}-%U{6}(?:-%U{5}){4}"),
    "Bitwarden": (r"0\.%I\.%A{30}:%B{22}==",),
    "Infisical": (r"st\.%H{24}\.%H{32}\.%H{32}",),
    "age": (r"AGE-SECRET-KEY-1%U{58}", r"AGE-PLUGIN-[A-Z0-9-]+-1%U{40,}"),
    "LaunchDarkly": (r"(?:sdk|api|mob)-%I",),
    "Statsig": (r"(?:secret|console)-%A{40,}",),
    "Stytch": (r"secret-(?:test|live)-%W{30,}=?",),
    "Salesforce": (r"00D%A{12,15}![A-Za-z0-9._]{60,}",),
    "this program": (r"mcpst_(?:%H{8}_)?%W{43}",),
    # Models and data.
    "OpenAI, Anthropic and alike": (r"sk-(?:ant-|proj-|svcacct-|admin-|or-v1-|lf-|helicone-)?%W{20,}",),
    "Google": (
        r"AIza%W{35}",
        r"ya29\.[A-Za-z0-9_.-]{20,}",
        r"GOCSPX-%W{28}",
        r"1//0%W{38,}",
        r"GOOG1E%U{57}",
        r"GOOG%U{20,24}",
        r"AAAA%W{7}:%W{120,}",
        r"AQ\.Ab8RN6%W{30,}",
    ),
    "Hugging Face": (r"hf_%A{30,}", r"api_org_%A{34}"),
    "Replicate": (r"r8_%A{37}",),
    "Groq": (r"gsk_%A{48,}",),
    "xAI": (r"xai-%A{60,}",),
    "Perplexity": (r"pplx-%A{40,}",),
    "Together": (r"tgp_v1_%W{40,}",),
    "Tavily": (r"tvly-(?:[a-z]+-)?%A{20,}",),
    "LlamaCloud": (r"llx-%A{40,}",),
    "Llama API": (r"LLM\|\d{10,20}\|%W{20,}", r"LLAMA\|\d{10,20}\|%W{20,}"),
    "Fireworks": (r"fw_%A{22,}",),
    "Cerebras": (r"csk-%L{40,}",),
    "Pinecone": (r"pcsk_[A-Za-z0-9_]{50,}",),
    "LangSmith": (r"lsv2_[a-z]{2}_%H{32}_%H{10}",),
    "ElevenLabs": (r"sk_%H{48}",),
    "Voyage": (r"pa-%W{40,}",),
    "Jina": (r"jina_%A{40,}[A-Za-z0-9_-]*",),
    "NVIDIA": (r"nvapi-%W{60,}",),
    "Weights & Biases": (r"wandb_v1_[A-Za-z0-9_]{40,}",),
    "Firecrawl": (r"fc-%H{32}",),
    "Cursor": (r"key_%H{64}",),
    "E2B": (r"e2b_%H{40}",),
    "Modal": (r"a[ks]-%A{22}",),
    "RunPod": (r"rpa_%A{40,}",),
    "Anyscale": (r"esecret_%A{24,}",),
    "Nomic": (r"nk-%W{40,}",),
    "Browserbase": (r"bb_(?:live|test)_%W{20,}",),
    "Neon": (r"napi_%L{50,}", r"npg_%A{12,}"),
    "PlanetScale": (r"pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_=.-]{32,}",),
    "Supabase": (r"sbp_(?:v0_)?%H{40}", r"sb_secret_%W{20,}"),
    "MongoDB Atlas": (r"mdb_sa_(?:sk|id)_%W{20,}",),
    "CockroachDB": (r"CCDB1_%A{22}_%A{40}",),
    "Aiven": (r"AVNS_%W{18,}", r"aivenv1%B{60,}={0,2}"),
    "Confluent": (r"cflt%B{56,}={0,2}",),
    "ClickHouse": (r"4b1d%A{38}",),
    "Tinybird": (r"p\.eyJ%W{20,}\.%W{20,}",),
    # Messages and mail.
    "Slack": (
        r"xox[abeoprs](?:\.xox[abp])?-[A-Za-z0-9-]{10,}",
        r"xapp-\d-[A-Za-z0-9-]{20,}",
        r"xwfp-[A-Za-z0-9-]{20,}",
    ),
    "Twilio": (r"(?:SK|AC|AP)(?:[0-9a-f]{32}|[0-9A-F]{32})",),
    "SendGrid": (r"SG\.%W{16,32}\.%W{32,64}",),
    "Mailgun": (r"key-%H{32}",),
    "Brevo": (r"x(?:keysib|smtpsib)-%H{64}-%A{16}",),
    "Resend": (r"re_%A{8}_%A{20,}",),
    "Mandrill": (r"md-%W{22}",),
    "OneSignal": (r"os_v2_[a-z]{3}_%L{100,}",),
    "PubNub": (r"sec-c-[A-Za-z0-9+/=-]{36,}",),
    "Nylas": (r"nyk_v0_%A{60,}",),
    "Klaviyo": (r"pk_%H{34}",),
    "HubSpot": (r"pat-[a-z]{2}\d-%I",),
    "Intercom": (r"dG9rOj%B{30,}={0,2}",),
    # Watching over systems.
    "Grafana": (r"gl(?:c|sa)_[A-Za-z0-9_+/=]{32,}", r"eyJrIjoi%B{30,}={0,2}"),
    "New Relic": (r"NR[A-Z]{2}-[A-Za-z0-9_-]{19,}", r"(?:eu01xx)?%H{30,36}NRAL"),
    "Sentry": (r"sntry[a-z]_[A-Za-z0-9+/=_-]{40,}",),
    "Dynatrace": (r"dt0[a-z]\d{2}\.%U{24}\.%U{64}",),
    "Honeycomb": (r"hc[a-z]{2,3}_%L{58,}",),
    "PostHog": (r"ph[a-z]_%A{40,}",),
    "Segment": (r"sgp_%A{64}",),
    "Axiom": (r"xa[a-z]t-%I",),
    "Contentful": (r"CFPAT-%W{40,}",),
    # Work and design.
    "Linear": (r"lin_(?:api|oauth|wh)_%A{32,64}",),
    "Notion": (r"(?:secret|ntn)_%A{40,50}",),
    "Figma": (r"fig[a-z]_%W{36,}",),
    "Airtable": (r"pat%A{14}\.%H{64}",),
    "Asana": (r"[0-2]/\d{13,17}(?:/\d{13,17})?:%H{32}",),
    "ClickUp": (r"pk_\d{5,10}_%U{32}",),
    "Typeform": (r"tfp_%W{40,}",),
    "Frame.io": (r"fio-u-%W{60,}",),
    "Beamer": (r"b_[A-Za-z0-9=_-]{44}",),
    "Mapbox": (r"[st]k\.eyJ%W{40,}\.%W{20,}",),
    "MaxMind": (r"%A{6}_%A{29}_mmk",),
    "Lichess": (r"lip_%A{20,}",),
    "WunderGraph": (r"cosmo_%H{32}",),
    "Apollo": (r"(?:service|user):[A-Za-z0-9._-]{1,60}:%W{22}",),
    # Money.
    "Stripe and alike": (r"(?:sk|rk|pk)_(?:live|test|sbox|prod)_%A{16,}", r"whsec_[A-Za-z0-9+/=]{24,}"),
    "Shopify": (r"shp(?:at|ca|pa|ss|tka)_[a-fA-F0-9]{32}",),
    "Square": (r"sq0[a-z]{3}-%W{22,43}", r"EAAA%W{60,}"),
    "PayPal": (r"access_token\$(?:production|sandbox)\$%L{16}\$%H{32}", r"A21AA%W{60,}"),
    "Plaid": (r"access-(?:sandbox|production|development)-%I",),
    "Razorpay": (r"rzp_(?:live|test)_%A{14,}",),
    "Flutterwave": (r"FLW(?:PUB|SEC)K(?:_TEST)?-%A{32}-X",),
    "Mollie, Lob": (r"(?:live|test)_%A{30,43}",),
    "Shippo": (r"shippo_(?:live|test)_%H{40}",),
    "EasyPost": (r"EZ[AT]K%A{54}",),
    "Duffel": (r"duffel_(?:live|test)_%W{40,}",),
    "Polar": (r"polar_[a-z]{3}_%W{40,}",),
    "Paddle": (r"pdl_(?:live|sdbx)_apikey_%L{26}_%A{22}_%A{3}",),
    # Social networks, games, chains.
    "Meta": (r"EAA[A-Z]?%A{60,}", r"IG[A-Z]{1,2}%W{80,}", r"\d{15,16}\|%W{27,40}"),
    "X": (r"A{19,22}[A-Za-z0-9%]{60,}", r"\d{10,19}-%A{40}"),
    "LinkedIn": (r"AQ[UVWX]%W{80,}", r"WPL_AP\d\.%A{16}\.%B{6,}={0,2}"),
    "Spotify": (r"BQ%W{100,}",),
    "Dropbox": (r"sl\.(?:u\.)?%W{80,}",),
    "Twitch": (r"oauth:%L{30}",),
    "Riot": (r"RGAPI-%I",),
    "Roblox": (r"_\|WARNING:-DO-NOT-SHARE-THIS[^|\s]{20,400}\|_%U{60,}",),
    "Nkey": (r"S[AUNOCXB][A-Z2-7]{56}",),
    "Bitcoin": (r"[xyz]prv[1-9A-HJ-NP-Za-km-z]{100,112}",),
}

# These start with no word of their own, which makes them dearer to look for.
_BY_SHAPE: Final[dict[str, tuple[str, ...]]] = {
    "JSON web token": (r"eyJ%W{8,}\.eyJ%W{8,}\.%W{8,}", r"eyJ%W{8,}\.%W*\.%W{8,}\.%W{8,}\.%W{8,}"),
    "Azure": (r"[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}",),
    "Mailchimp": (r"%H{32}-us\d{1,2}",),
    "Mailgun, second form": (r"%H{32}-%H{8}-%H{8}",),
    "Telegram": (r"\d{8,10}:AA%W{33}",),
    "Discord": (r"[MNO]%W{23,27}\.%W{6}\.%W{27,38}",),
    "Terraform Cloud": (r"%A{14}\.atlasv1\.[A-Za-z0-9_=-]{60,}",),
    "Ably": (r"%W{6}\.%W{6}:%W{43}",),
}
_AZURE_KEYS: Final = (
    r"%B{28,80}(?:AzFu|AzSe|AzCa|AzCo|\+ASt|\+AMC|\+ABa|\+ARm|\+AEh|ACDb|APIM|AIoT|AZDO|JQQJ99)%B{4,40}={0,2}"
)
"""Azure's keys that say in the middle whose they are."""


def _expanded(pattern: str) -> str:
    return re.sub("%[AWLUHBI]", lambda found: _SHORTHANDS[found[0]], pattern)


def issuer_names() -> list[str]:
    """The issuers whose tokens are known by form."""
    return [*_BY_PREFIX, *_BY_SHAPE]


def prefixed_tokens() -> list[str]:
    """Patterns of tokens that start with letters of their own."""
    return [_expanded(pattern) for patterns in _BY_PREFIX.values() for pattern in patterns]


def shaped_tokens() -> list[str]:
    """Patterns of tokens whose sign stands in their middle, or that have none."""
    return [_expanded(pattern) for patterns in _BY_SHAPE.values() for pattern in patterns]


def azure_keys() -> str:
    """The pattern of Azure's keys."""
    return _expanded(_AZURE_KEYS)
