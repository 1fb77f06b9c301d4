"""Forms of settings and of command output: each field has its value, and a doubt only where one is due."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_extract_mapping import read

from mcp_smalltools.tools.extract.mapping.conversion import to_value
from mcp_smalltools.tools.extract.mapping.names import SURE, NameOfField
from mcp_smalltools.tools.extract.schema import plan_of
from mcp_smalltools.tools.extract.structure.node import Node
from mcp_smalltools.tools.extract.structure.text.man_page import shown
from mcp_smalltools.tools.extract.structure.text_forms import read_structure

NGINX = """\
user www-data;  # who it runs as
worker_processes 4;
events { worker_connections 768; }
http {
    /* all sites */
    upstream pool { server 10.1.0.1:80; server 10.1.0.2:80; }
    server {
        listen 443 ssl;
        server_name shop.example.org;
        location /static { root "/srv/my static"; }
    }
}
"""
DHCP = """\
option domain-name-servers 10.0.0.53, 10.0.1.53;
subnet 10.0.0.0 netmask 255.255.255.0 {
  option routers 10.0.0.1;
  range 10.0.0.50 10.0.0.90;
}
host printer { hardware ethernet 02:00:00:00:00:01; fixed-address 10.0.0.7; }
host camera { hardware ethernet 02:00:00:00:00:02; fixed-address 10.0.0.8; }
"""
SSHD = """\
# access
Port 2222
PermitRootLogin no
AllowUsers ada grace
Match Group ops
    X11Forwarding yes
"""
LSBLK = """\
NAME="sda" TYPE="disk" MOUNTPOINT="" FSTYPE="" PARTUUID=""
NAME="sda1" TYPE="part" MOUNTPOINT="/boot \\"x\\"" FSTYPE="ext4" PARTUUID="8f-01"
"""
ROUTES = """\
default via 10.0.0.1 dev eth0 proto dhcp metric 100
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.9 linkdown
"""
ADDRESSES = """\
1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0@if7: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default qlen 1000
    link/ether 02:42:ac:11:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0
    inet 10.9.0.2/16 scope global secondary eth0
"""
MAN = """\
.\\" written by hand
.de1 Box
.nr this that
..
.TH COUNTER 1 2024-05-06 "counter 2.1" "User Commands"
.SH NAME
counter \\- count \\fBlines\\fR of logs
.SH OPTIONS
.TP
.B \\-v, \\-\\-verbose
Say more,
as often as it is given.
.TP
\\fB\\-o\\fR \\fIFILE\\fR
Write to FILE.
"""
MDOC = """\
.Dd March 4, 2023
.Dt TALLY 8
.Os
.Sh NAME
.Nm tally
.Nd sum up columns
.Sh OPTIONS
.Bl -tag
.It Fl c Ar column
The column.
.It Fl q
Be quiet.
.El
"""
PEERS = """\
[Interface]
Address = 10.8.0.1/24
[Peer]
PublicKey = abc=
AllowedIPs = 10.8.0.2/32
[Peer]
PublicKey = def=
AllowedIPs = 10.8.0.3/32
"""
CLIENTS = """\
[access]
trusted:
    10.0.0.0/8
    FE80::/10
    https://a.example.org:*
level: strict
"""
LEGEND = """\
^down: standby
(s): spoofing
(v): virtual
Interface        State   Errors  Owner
eth0/0           up           0  ops
eth0/1           ^down        4  ops
eth0/2           down         1  dev
"""
UNITS_OVER = """\
                    Alert   Critical
            Temp    Limit      Limit
Sensor       (C)      (C)        (C)
------- -------- -------- ----------
inlet         31       60         70
outlet        48       75         85
"""
FLAGGED = """\
Flags: X - disabled, D - dynamic
 #    ADDRESS         INTERFACE
 0 D  10.0.0.1        ether1
 1    10.0.0.2        ether2
"""
DOTTED = """\
Serial Number........................... XY-1
Location................................
Internal Temperature.................... +31 C
System Up Time.......................... 3 days
"""
BLOCKS = """\
GENERAL.DEVICE:        eth0
GENERAL.MTU:           1500
IP4.ADDRESS[1]:        10.0.0.5/24

GENERAL.DEVICE:        eth1
GENERAL.MTU:           9000
"""
PROVIDED = """\
Product:      Server
Provides:     Base Repository
              Extra Tools (Beta)
Active:       True
"""
MYST = """\
:::{list-table} Levels
---
header-rows: 1
---
* - Level
  - Short
* - `none`
  - 0
* - full
  - 2
:::
"""
DF = """\
Filesystem      Size  Used Avail Use% Mounted on
tmpfs           2.4G   20K  2.4G   1% /run
/dev/vda1        99G   68G   27G  72% /
"""
LSBLK_HEAD = """\
NAME   MAJ:MIN RM SIZE RO TYPE MOUNTPOINTS
vda    254:0    0 100G  0 disk
`-vda1 254:1    0 100G  0 part /
"""
SS = """\
State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess
LISTEN 0      128          0.0.0.0:22        0.0.0.0:*
LISTEN 0      511        127.0.0.1:631       0.0.0.0:*    users:(("cupsd",pid=7,fd=3))
"""
FREE = """\
               total        used        free      shared  buff/cache   available
Mem:        24684096     4096000     1206740        1000    19381356    20000000
Swap:              0           0           0
"""
ACCOUNTS = '{"alloc": {"0xaa": {"balance": "3"}, "0xbb": {"balance": "4"}}}'

CASES: dict[str, tuple[str, str, Any, Any]] = {
    "nginx": (
        "nginx.conf",
        NGINX,
        {
            "user": "s",
            "worker_processes": "i",
            "worker_connections": "i",
            "server_name": "s",
            "pid_file": "s",
        },
        {
            "user": "www-data",
            "worker_processes": 4,
            "worker_connections": 768,
            "server_name": "shop.example.org",
        },
    ),
    "dhcpd": (
        "dhcpd.conf",
        DHCP,
        {
            "dns_servers": ["s"],
            "netmask": "s",
            "routers": "s",
            "hosts": [{"name": "s", "fixed_address": "s"}],
        },
        {
            "dns_servers": ["10.0.0.53", "10.0.1.53"],
            "netmask": "255.255.255.0",
            "routers": "10.0.0.1",
            "hosts": [
                {"name": "printer", "fixed_address": "10.0.0.7"},
                {"name": "camera", "fixed_address": "10.0.0.8"},
            ],
        },
    ),
    "sshd_config": (
        "sshd_config",
        SSHD,
        {"port": "i", "permit_root_login": "b", "allow_users": "s", "banner": "s"},
        {"port": 2222, "permit_root_login": False, "allow_users": "ada grace"},
    ),
    "lsblk -P": (
        "out.txt",
        LSBLK,
        {
            "devices": [
                {"name": "s", "type": "s", "mountpoint": "s", "filesystem": "s", "partition_uuid": "s"}
            ]
        },
        {
            "devices": [
                {"name": "sda", "type": "disk"},
                {
                    "name": "sda1",
                    "type": "part",
                    "mountpoint": '/boot "x"',
                    "filesystem": "ext4",
                    "partition_uuid": "8f-01",
                },
            ]
        },
    ),
    "ip route": (
        "out.txt",
        ROUTES,
        {"routes": [{"destination": "s", "gateway": "s", "device": "s", "metric": "i"}]},
        {
            "routes": [
                {"destination": "default", "gateway": "10.0.0.1", "device": "eth0", "metric": 100},
                {"destination": "10.0.0.0/24", "device": "eth0"},
            ]
        },
    ),
    "ip address": (
        "out.txt",
        ADDRESSES,
        {"interfaces": [{"name": "s", "mtu": "i", "state": "s", "mac": "s", "ipv4_addresses": ["s"]}]},
        {
            "interfaces": [
                {
                    "name": "lo",
                    "mtu": 65536,
                    "state": "UNKNOWN",
                    "mac": "00:00:00:00:00:00",
                    "ipv4_addresses": ["127.0.0.1/8"],
                },
                {
                    "name": "eth0",
                    "mtu": 1500,
                    "state": "DOWN",
                    "mac": "02:42:ac:11:00:02",
                    "ipv4_addresses": ["172.17.0.2/16", "10.9.0.2/16"],
                },
            ]
        },
    ),
    "man page": (
        "counter.1",
        MAN,
        {"purpose": "s", "date": "date", "version": "s", "options": [{"option": "s", "description": "s"}]},
        {
            "purpose": "count lines of logs",
            "date": "2024-05-06",
            "version": "counter 2.1",
            "options": [
                {"option": "-v, --verbose", "description": "Say more, as often as it is given."},
                {"option": "-o FILE", "description": "Write to FILE."},
            ],
        },
    ),
    "man page in mdoc": (
        "tally.8",
        MDOC,
        {"name": "s", "purpose": "s", "date": "date", "options": [{"option": "s", "description": "s"}]},
        {
            "name": "tally",
            "purpose": "sum up columns",
            "date": "2023-03-04",
            "options": [
                {"option": "-c column", "description": "The column."},
                {"option": "-q", "description": "Be quiet."},
            ],
        },
    ),
    "sections with the same keys": (
        "wg0.conf",
        PEERS,
        {"peers": [{"public_key": "s", "allowed_ips": "s"}]},
        {
            "peers": [
                {"public_key": "abc=", "allowed_ips": "10.8.0.2/32"},
                {"public_key": "def=", "allowed_ips": "10.8.0.3/32"},
            ]
        },
    ),
    "lines of a value that look like keys": (
        "a.conf",
        CLIENTS,
        {"trusted": ["s"], "level": "s"},
        {"trusted": ["10.0.0.0/8", "FE80::/10", "https://a.example.org:*"], "level": "strict"},
    ),
    "table under a legend": (
        "out.txt",
        LEGEND,
        {"interfaces": [{"interface": "s", "state": "s", "errors": "i"}]},
        {
            "interfaces": [
                {"interface": "eth0/0", "state": "up", "errors": 0},
                {"interface": "eth0/1", "state": "^down", "errors": 4},
                {"interface": "eth0/2", "state": "down", "errors": 1},
            ]
        },
    ),
    "names of several lines": (
        "out.txt",
        UNITS_OVER,
        {"sensors": [{"sensor": "s", "temp": "n", "alert_limit": "n", "critical_limit": "n"}]},
        {
            "sensors": [
                {"sensor": "inlet", "temp": 31, "alert_limit": 60, "critical_limit": 70},
                {"sensor": "outlet", "temp": 48, "alert_limit": 75, "critical_limit": 85},
            ]
        },
    ),
    "number sign in a head": (
        "out.txt",
        FLAGGED,
        {"entries": [{"address": "s", "interface": "s"}]},
        {
            "entries": [
                {"address": "10.0.0.1", "interface": "ether1"},
                {"address": "10.0.0.2", "interface": "ether2"},
            ]
        },
    ),
    "dots and nothing after them": (
        "out.txt",
        DOTTED,
        {"serial_number": "s", "location": "s", "uptime": ("s", "system up time")},
        {"serial_number": "XY-1", "uptime": "3 days"},
    ),
    "dotted names": (
        "out.txt",
        BLOCKS,
        {"devices": [{"device": "s", "mtu": "i"}]},
        {"devices": [{"device": "eth0", "mtu": 1500}, {"device": "eth1", "mtu": 9000}]},
    ),
    "lines of a value as a list": (
        "out.txt",
        PROVIDED,
        {"product": "s", "provides": ["s"], "active": "b"},
        {"product": "Server", "provides": ["Base Repository", "Extra Tools (Beta)"], "active": True},
    ),
    "df": (
        "out.txt",
        DF,
        {"filesystems": [{"filesystem": "s", "used_percent": "i", "used": "s"}]},
        {
            "filesystems": [
                {"filesystem": "tmpfs", "used_percent": 1, "used": "20K"},
                {"filesystem": "/dev/vda1", "used_percent": 72, "used": "68G"},
            ]
        },
    ),
    "lsblk": (
        "out.txt",
        LSBLK_HEAD,
        {"devices": [{"name": "s", "type": "s", "mountpoints": "s"}]},
        {"devices": [{"name": "vda", "type": "disk"}, {"name": "vda1", "type": "part", "mountpoints": "/"}]},
    ),
    "free": (
        "out.txt",
        FREE,
        {"total_memory": "i", "total_swap": "i", "rows": [{"name": "s", "free": "i"}]},
        {
            "total_memory": 24684096,
            "total_swap": 0,
            "rows": [{"name": "Mem", "free": 1206740}, {"name": "Swap", "free": 0}],
        },
    ),
    "list-table of MyST": (
        "a.md",
        MYST,
        {"levels": [{"level": "s", "short": "i"}]},
        {"levels": [{"level": "none", "short": 0}, {"level": "full", "short": 2}]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_field_has_its_value_and_nothing_is_doubtful(name: str) -> None:
    path, text, schema, right = CASES[name]
    data, mapped = read(text, schema, path)
    assert data == right
    assert mapped.doubts == []


def test_sockets_have_their_addresses_though_the_names_run_together() -> None:
    data, _ = read(SS, {"sockets": [{"state": "s", "local_address": "s", "process": "s"}]}, "out.txt")
    assert data["sockets"] == [
        {"state": "LISTEN", "local_address": "0.0.0.0:22"},
        {"state": "LISTEN", "local_address": "127.0.0.1:631", "process": 'users:(("cupsd",pid=7,fd=3))'},
    ]


def test_the_names_that_objects_stand_under_are_given_with_a_doubt() -> None:
    data, mapped = read(ACCOUNTS, {"alloc": [{"address": "s", "balance": "i"}]}, "a.json")
    assert data == {"alloc": [{"address": "0xaa", "balance": 3}, {"address": "0xbb", "balance": 4}]}
    assert mapped.doubts


def test_a_field_that_no_column_names_is_doubtful_while_a_column_is_left() -> None:
    mapped = read("id,kind,size\n1,x,4\n2,y,5\n", {"rows": [{"size": "i", "colour": "s"}]}, "a.csv")[1]
    assert mapped.doubts


def test_the_text_of_a_section_is_doubtful_where_no_text_is_asked_for() -> None:
    text = "# Tool\n\n## Version\n\nThis page speaks of the second edition, which was printed in May.\n"
    assert read(text, {"version": "s"}, "a.md")[1].doubts
    assert not read(text.replace("Version", "Summary"), {"summary": "s"}, "a.md")[1].doubts


@pytest.mark.parametrize(
    "text",
    [
        "int main() {\n  puts(a);\n  if (x) {\n    y = 2;\n  }\n}\n",
        "server {\n  listen 80;\n",
        "server {\n  listen 80;\n}\n}\n",
        "{ a; }\n",
        'name "open;\n{\n',
    ],
    ids=["a program", "not closed", "nothing opened", "no name", "open quote"],
)
def test_what_is_no_whole_text_of_directives_is_not_read_as_such(text: str) -> None:
    assert read_structure("a.conf", text.split("\n")).form != "braces"


WORDS = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda word: word not in ("set", "option")
)
VALUES = st.from_regex(r"[A-Za-z0-9./:_-]{1,12}", fullmatch=True)


@given(st.dictionaries(WORDS, st.dictionaries(WORDS, VALUES, min_size=1, max_size=4), min_size=1, max_size=4))
def test_directives_in_braces_are_read_back(blocks: dict[str, dict[str, str]]) -> None:
    text = "".join(
        f"{name} {{\n" + "".join(f"  {key} {value};\n" for key, value in inner.items()) + "}\n"
        for name, inner in blocks.items()
    )
    root = read_structure("a.conf", text.split("\n")).root
    assert {b.name: {i.name: i.value for i in b.inner} for b in root.inner} == blocks


@given(
    st.lists(
        st.dictionaries(WORDS, st.text("ab c\"'=/.", max_size=8), min_size=2, max_size=4),
        min_size=2,
        max_size=5,
    )
)
def test_pairs_in_quotes_are_read_back(rows: list[dict[str, str]]) -> None:
    lines = [" ".join(f'{k}="{v}"'.replace('"', '\\"') for k, v in row.items()) for row in rows]
    lines = [
        " ".join('{}="{}"'.format(key, value.replace('"', '\\"')) for key, value in row.items())
        for row in rows
    ]
    table = read_structure("out.txt", lines).root.inner[0]
    assert [{item.name: item.value for item in row.inner} for row in table.inner] == rows


@pytest.mark.parametrize(
    ("key", "field", "kind"),
    [
        ("sectorsize", "sector_size_bytes", "i"),
        ("PARTUUID", "partition_uuid", "s"),
        ("ExecStart", "command", "s"),
        ("CPU max MHz", "cpu_max_mhz", "n"),
        ("GENERAL.MTU", "mtu", "i"),
        ("anonymous_enable", "anonymous_allowed", "b"),
        ("On-line CPU(s)", "online_cpus", "s"),
        ("domain-name-servers", "dns_servers", "s"),
    ],
)
def test_names_are_the_same_in_one_word_with_units_and_as_switches(key: str, field: str, kind: str) -> None:
    name = NameOfField((field,), "", counts=kind in "in", switches=kind == "b")
    assert name.fit((key,)) >= SURE


@pytest.mark.parametrize(
    ("key", "field"), [("cluster.enable", "log_enabled"), ("name", "user_agent"), ("mode", "port")]
)
def test_a_name_that_says_something_else_does_not_fit(key: str, field: str) -> None:
    assert NameOfField((field,), "", counts=False, switches=True).fit((key,)) < SURE


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("cache_kb", "4096K", 4096),
        ("memory_mb", "2GiB", 2048),
        ("memory_mb", "2 GB", 2000),
        ("size_bytes", "128M", 134217728),
        ("capacity_bytes", "500,107,862,016 bytes [500 GB]", 500107862016),
        ("size_gb", "3221225472 bytes", 3.221225472),
        ("rotation_rpm", "7200 rpm", 7200),
    ],
)
def test_sizes_keep_the_power_that_the_text_has(field: str, text: str, value: float) -> None:
    plan = plan_of({"type": "object", "properties": {field: {"type": "number"}}})
    assert to_value(Node(field, "value", 1, 1, text), plan.fields[0]).value == value


@pytest.mark.parametrize(
    ("roff", "text"),
    [
        (r"\fB\-\-all\fR", "--all"),
        (r"it\(aqs \[dq]so\[dq]", 'it\'s "so"'),
        (r"a\ \&b\e", "a b\\"),
        (r"\s+1big\s0 \f[CW]x\fP", "big x"),
    ],
)
def test_a_text_of_a_manual_page_is_shown_without_its_escapes(roff: str, text: str) -> None:
    assert shown(roff) == text


def test_a_ruler_under_the_rows_makes_no_names_of_them() -> None:
    text = "ITEM   QTY  PRICE\ncup      2   3.00\n----   ---  -----\nTotal    2   3.00\n"
    data, _ = read(text, {"items": [{"item": "s", "qty": "i", "price": "n"}]}, "a.txt")
    assert data["items"][0] == {"item": "cup", "qty": 2, "price": 3.0}
