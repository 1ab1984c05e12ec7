"""English words that carry no meaning of their own: articles, prepositions, pronouns, auxiliaries, connectives."""

from __future__ import annotations

_TEXT = """
a an the and or but nor so yet if because of in on at to from by with without into onto over under up down out off for as through
about after before again against between during near along across around behind beside
is are was were be been being am has have had having do does did doing can could will would may might shall should must
it its itself this that these those there here he she they them their theirs his her hers him i you we our your my me us
who whom whose which what when where while then than not no some any each every both other another very more most much many few
also just too only own same such s t
"""
STOP_WORDS = frozenset(_TEXT.split())
