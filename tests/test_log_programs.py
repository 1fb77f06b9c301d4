"""The logs of hundreds of programs: records, levels and times of each are read as they are meant."""

from __future__ import annotations

import pytest
from log_programs import ProgramLog, faults, program_logs

FORMS = {form.name: form for form in program_logs()}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_log_of_this_program_is_read(form: ProgramLog) -> None:
    assert not faults(form)


def test_each_form_has_a_name_of_its_own() -> None:
    assert len(FORMS) == len(program_logs()) > 300
