"""YAML with the lines of its values: several documents, anchors, merged mappings, block and flow."""

from __future__ import annotations

from typing import Any, Final

from mcp_smalltools.tools.extract.structure.node import MAX_DEPTH, Budget, Node, NotOfForm

MAX_CHARS: Final = 2_000_000
"""The parser is slow: what is longer is read line by line."""
MAX_CHARS_WITHOUT_LIBYAML: Final = 300_000
_TAG: Final = "tag:yaml.org,2002:"
_TRUE: Final = frozenset(("true", "yes", "on"))


def read_yaml(text: str) -> Node:
    """The document, or a list of several. Raises NotOfForm, also for text that is a mere scalar."""
    import yaml

    with_library = hasattr(yaml, "CSafeLoader")
    if len(text) > (MAX_CHARS if with_library else MAX_CHARS_WITHOUT_LIBYAML):
        raise NotOfForm("too long for YAML")
    loader = yaml.CSafeLoader if with_library else yaml.SafeLoader
    try:
        roots = [root for root in yaml.compose_all(text, Loader=loader) if root is not None]
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise NotOfForm("no YAML") from error
    budget = Budget()
    documents = [_node("", root, budget, MAX_DEPTH) for root in roots]
    documents = [d for d in documents if d.kind != "value"]
    if not documents:
        raise NotOfForm("no mapping and no list")
    if len(documents) == 1:
        return documents[0]
    return Node("", "list", documents[0].start, documents[-1].end, inner=documents)


def _node(name: str, node: Any, budget: Budget, depth: int) -> Node:
    if not depth:
        raise NotOfForm("nested too deeply")
    budget.take()
    start = node.start_mark.line + 1
    end = max(start, node.end_mark.line + (node.end_mark.column > 0))
    if node.id == "scalar":
        return Node(name, "value", start, end, _scalar(node), literal=True)
    if node.id == "sequence":
        items = [_node("", item, budget, depth - 1) for item in node.value]
        return Node(name, "list", start, max([start, *(i.end for i in items)]), inner=items)
    inner = [found for key, item in node.value for found in _entries(key, item, budget, depth)]
    named = {item.name: item for item in inner}  # of a name that is given twice, the last
    return Node(name, "object", start, max([start, *(i.end for i in inner)]), inner=list(named.values()))


def _entries(key: Any, item: Any, budget: Budget, depth: int) -> list[Node]:
    """What a key of a mapping stands for; `<<` puts in what another mapping has."""
    name = str(key.value) if key.id == "scalar" else ""
    if name == "<<" and item.id in ("mapping", "sequence"):
        merged = [item] if item.id == "mapping" else item.value
        return [entry for part in merged for entry in _node("", part, budget, depth - 1).inner]
    found = _node(name, item, budget, depth - 1)
    if item.start_mark.line >= key.start_mark.line:
        found.start = key.start_mark.line + 1
    else:  # an anchor's: its own lines say the value
        found.end = max(found.start, found.end)
    return [found]


def _scalar(node: Any) -> Any:
    tag = node.tag.removeprefix(_TAG)
    if tag == "null":
        return None
    if tag == "bool":
        return node.value.lower() in _TRUE
    return node.value
