"""Completion in bash, where ``=`` and ``:`` end a word though they stand inside values such as ``target=HGNC:7371``.

Readline cuts the line at every character of COMP_WORDBREAKS and puts an answer in place of the last piece alone. So the
line up to the cursor is passed as it is, cut into words here, and from each answer the pieces that already stand on the
line are taken away. Zsh and fish keep such words whole. A parameter's name ends in ``=`` and wants no space after it.
"""

from __future__ import annotations

import os

from click.shell_completion import BashComplete, ZshComplete, add_completion_class, split_arg_string

__all__ = ["register"]

_BASH = r"""%(complete_func)s() {
    local answer type value word
    word="${COMP_LINE:0:COMP_POINT}"
    word="${word##*[[:space:]]}"
    # $2 is the piece that readline puts the answer in place of
    local standing="${word%%"$2"}"
    answer=$(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" %(complete_var)s=bash_complete "$1")
    while IFS=',' read -r type value; do
        case "$type" in
            dir) COMPREPLY=(); compopt -o dirnames ;;
            file) COMPREPLY=(); compopt -o default ;;
            plain)
                [[ "$value" == *= ]] && compopt -o nospace
                [[ "$value" == "$standing"* ]] && COMPREPLY+=("${value#"$standing"}") ;;
        esac
    done <<< "$answer"
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""


class _Bash(BashComplete):
    source_template = _BASH

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)[1:]
        # behind a space a new word begins
        return (words, "") if not words or line[-1:].isspace() else (words[:-1], words[-1])


class _Zsh(ZshComplete):
    source_template = ZshComplete.source_template.replace(
        "_describe -V unsorted completions_with_descriptions -U",
        """if [[ "${completions_with_descriptions[1]%%%%:*}" == *= ]]; then
            _describe -V unsorted completions_with_descriptions -U -S ''
        else
            _describe -V unsorted completions_with_descriptions -U
        fi""",
    )


def register() -> None:
    """Put these in the place of click's own."""
    add_completion_class(_Bash)
    add_completion_class(_Zsh)
