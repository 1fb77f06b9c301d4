"""classify learns labels that are there already, as a skill of its own."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from mcp_smalltools.config import Settings
from mcp_smalltools.errors import SkillError, UsageError
from mcp_smalltools.learning.trainings.trained import Trained, TrainingRequest
from mcp_smalltools.skills.manifest import NAME_PATTERN
from mcp_smalltools.stores.versions import Versions

if TYPE_CHECKING:
    from mcp_smalltools.learning.labels.labelled import LabelledTexts
    from mcp_smalltools.learning.labels.skill_trial import PlainVectors, SplitTexts


def train_classify(request: TrainingRequest) -> Trained:
    """From a repository's history, or from a table that the source is. Options are `labels` and `name`.

    Raises NotFound where there is too little, SkillError where the name is taken, and as the engine does.
    """
    from mcp_smalltools.learning.labels.skill_trial import MARK, SplitTexts, card_of, measure, write_pack

    settings, source = request.settings, request.source
    texts = _texts_of(request)
    name = request.options.get("name") or texts.name
    target = settings.skills_dir.expanduser() / name
    _check_name(name, target)
    split = SplitTexts.of(texts)
    request.say(f"{len(texts.labels)} labels, {len(split.examples)} examples, {len(split.held_out)} held out")
    with tempfile.TemporaryDirectory(prefix="smt-") as home:
        folder = Path(home) / name
        write_pack(folder, texts, split, source.name)
        figures = measure(folder, split, settings, anyio.run(_vectors, split, settings))
        report = figures.report() | {"source": str(source), "name": name}
        (folder / "card.md").write_text(card_of(texts, figures, source.name), encoding="utf-8")
        (folder / MARK).write_text(json.dumps(report, indent=1), encoding="utf-8")
        version = None
        if report["better"] and not request.dry_run:
            versions = skill_versions(settings, name)
            version = versions.add(lambda kept: _copy(folder, kept))
            _use(folder, target)
    lines = (
        f"{name}: {figures.labels} labels, {figures.examples} examples, {figures.seconds:.0f} s. "
        f"Right of {figures.held_out} held-out texts:",
        f"  this skill                    {figures.right:.3f}",
        f"  its labels' names alone       {figures.names_alone:.3f}",
        f"  logistic regression           {figures.logistic_regression:.3f}",
        f"  TF-IDF with a linear SVM      {figures.tfidf_svm:.3f}",
        f"  sure                          {figures.sure:.3f}, right of them {figures.right_of_sure}",
        *(f"Not better: {reason}." for reason in figures.reasons()),
        *((f"Agents see it as the tool `{name}`; it lies in {target}.",) if version else ()),
    )
    return Trained(report, lines, bool(report["better"]), version)


def _texts_of(request: TrainingRequest) -> LabelledTexts:
    from mcp_smalltools.learning.labels.labelled import labels_of_history, labels_of_table
    from mcp_smalltools.learning.repositories.commits import past_commits
    from mcp_smalltools.learning.repositories.files import RepositoryFiles

    if request.source.is_file():
        return labels_of_table(request.source)
    files = RepositoryFiles.of(request.source, request.settings)
    return labels_of_history(
        past_commits(request.source, list(files.paths())), request.options.get("labels", "")
    )


async def _vectors(split: SplitTexts, settings: Settings) -> PlainVectors:
    from mcp_smalltools.engine.make import make_engine
    from mcp_smalltools.learning.labels.skill_trial import plain_vectors

    engine = make_engine(settings)
    try:
        return await plain_vectors(split, engine)
    finally:
        await engine.close()


def undo_classify(settings: Settings, name: str) -> int | None:
    """The version of the skill then in use; 0 if it is gone, None if it was not trained."""
    from mcp_smalltools.learning.labels.skill_trial import MARK

    versions = skill_versions(settings, name)
    before = versions.go_back()
    if before is None:
        return None
    target = settings.skills_dir.expanduser() / name
    if (target / MARK).is_file():
        shutil.rmtree(target)
    if versions.in_use is not None:
        _use(versions.in_use, target)
    return before


def skill_versions(settings: Settings, name: str) -> Versions:
    """The versions of a skill that was trained."""
    return Versions(settings.state_dir.expanduser() / "adapted" / "skills" / name)


def _check_name(name: str, target: Path) -> None:
    """Raises UsageError for a name that can't be one, SkillError where somebody else's skill has it."""
    from mcp_smalltools.learning.labels.skill_trial import MARK
    from mcp_smalltools.tools.built_in import built_in_tools

    if not re.match(NAME_PATTERN, name) or name in built_in_tools():
        raise UsageError(f"{name!r} can't be the skill's name.", remedy="Name it with --name, a to z and _.")
    if target.exists() and not (target / MARK).is_file():
        raise SkillError(f"{target} was not made by `train`.", remedy="Choose another name with --name.")


def _copy(folder: Path, kept: Path) -> None:
    shutil.copytree(folder, kept, dirs_exist_ok=True)


def _use(folder: Path, target: Path) -> None:
    """Put a copy in the user's skills, in place of an earlier one; agents see it. Raises SkillError."""
    draft = target.with_name(f".{target.name}.new")
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, draft)
        if target.exists():
            shutil.rmtree(target)
        draft.rename(target)
    except OSError as error:
        raise SkillError(
            f"{target} can't be written: {error.strerror}.", remedy="Check its folder."
        ) from None
