"""What stands in one row of an answer belongs together."""

import pytest

from mesokg.identifiers import term
from mesokg.questions import ask, read_questions

QUESTIONS = {
    name: question for name, question in read_questions().items()
    if {"?arm", "?trial"} <= set(question.sparql.partition("SELECT")[2].partition("WHERE")[0].split())
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_arm_is_one_of_the_trial_beside_it(real_store, name: str) -> None:
    arms = set(real_store.query(f"SELECT ?arm ?trial WHERE {{ ?arm <{term('armOf')}> ?trial }}").rows)
    answer = ask(QUESTIONS[name], real_store)
    for column in {"arm", "comparator"} & set(answer.variables):
        one, trial = answer.variables.index(column), answer.variables.index("trial")
        assert [row for row in answer.rows if row[one] is not None and (row[one], row[trial]) not in arms] == []


def test_two_answers_agree_on_which_genes_are_altered(real_store) -> None:
    asked = read_questions()
    modified, targeted = (ask(asked[name], real_store) for name in ("which_therapies_modify_or_replace_a_faulty_gene", "which_targeted_genes_are_altered"))
    gene, altered = modified.variables.index("gene"), modified.variables.index("altered")
    said = {row[gene]: row[altered].value == "true" for row in modified.rows if row[gene] is not None}
    gene, group = targeted.variables.index("gene"), targeted.variables.index("group")
    counted = {row[gene]: row[group].value.endswith(", altered") for row in targeted.rows}
    assert any(said.values()) and said == {gene: counted.get(gene) for gene in said}
