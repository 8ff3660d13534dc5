"""A small language of arithmetic and comparisons for the audit: it computes, and it shows what it computed.

Names stand for numbers or lists of numbers, which are combined item by item. There are no attributes, no indices, no
assignments, and no functions but those that are handed in.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from scbench.errors import UserError, did_you_mean

_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
_EQUAL = {"rtol": 1e-9, "atol": 1e-9}


def evaluate(text: str, names: Mapping[str, Any], functions: Mapping[str, Callable]) -> Any:
    """Compute an expression.

    Raises
    ------
    UserError
        If it is none, or uses a name or a function that is not given.

    Examples
    --------
    >>> evaluate("total(a) == 3 * b", {"a": np.array([1, 2]), "b": 1}, {"total": np.sum})
    True
    """
    try:
        return _Evaluator(text, names, functions).visit(_parse(text))
    except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise UserError(f"{text!r} cannot be computed: {error}") from error


def show(text: str, shown: Mapping[str, str]) -> str:
    """Put numbers, as printed, in the place of their names.

    Examples
    --------
    >>> show("total(a) == 3 * b", {"a": "[1, 2]", "b": "1.0"})
    'total([1, 2]) == 3 * 1.0'
    """

    class Substitute(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            return ast.Name(shown.get(node.id, node.id))

    return ast.unparse(Substitute().visit(_parse(text)))


def _parse(text: str) -> ast.expr:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError) as error:
        raise UserError(f"{text!r} is not an expression: {error}") from None


class _Evaluator(ast.NodeVisitor):
    def __init__(self, text: str, names: Mapping[str, Any], functions: Mapping[str, Callable]) -> None:
        self.text, self.names, self.functions = text, names, functions

    def generic_visit(self, node: ast.AST) -> Any:
        raise UserError(f"{self.text!r} must only have numbers, names, arithmetic, comparisons and calls.")

    def visit_Constant(self, node: ast.Constant) -> Any:
        return node.value if type(node.value) in (int, float) else self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> Any:
        if node.id not in self.names:
            raise UserError(f"{self.text!r} uses the unknown name {node.id!r}. {did_you_mean(node.id, self.names)}")
        return self.names[node.id]

    def visit_List(self, node: ast.List) -> np.ndarray:
        return np.array([self.visit(item) for item in node.elts])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> Any:
        value = self.visit(node.operand)
        match node.op:
            case ast.USub():
                return -value
            case ast.Not():
                return not value
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> Any:
        if type(node.op) not in _BINARY:
            return self.generic_visit(node)
        return _BINARY[type(node.op)](self.visit(node.left), self.visit(node.right))

    def visit_BoolOp(self, node: ast.BoolOp) -> bool:
        fold = all if isinstance(node.op, ast.And) else any
        return fold([bool(np.all(self.visit(value))) for value in node.values])

    def visit_Compare(self, node: ast.Compare) -> bool:
        sides = [self.visit(side) for side in (node.left, *node.comparators)]
        return all(self._compare(op, a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False))

    def visit_Call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or node.keywords or node.func.id not in self.functions:
            name = ast.unparse(node.func)
            raise UserError(f"{self.text!r} calls the unknown function {name!r}. {did_you_mean(name, self.functions)}")
        return self.functions[node.func.id](*(self.visit(argument) for argument in node.args))

    def _compare(self, op: ast.cmpop, a: Any, b: Any) -> bool:
        """Compare item by item; all must hold. Numbers that differ by rounding errors are equal."""
        match op:
            case ast.In():
                return bool(np.isin(a, b).all())
            case ast.NotIn():
                return not np.isin(a, b).any()
        a, b = np.asarray(a), np.asarray(b)
        numeric = a.dtype.kind in "bifu" and b.dtype.kind in "bifu"
        same = np.isclose(a, b, **_EQUAL) if numeric else a == b
        match op:
            case ast.Eq():
                return bool(np.all(same))
            case ast.NotEq():
                return not np.all(same)
            case ast.Lt():
                return bool(np.all((a < b) & ~same))
            case ast.LtE():
                return bool(np.all((a < b) | same))
            case ast.Gt():
                return bool(np.all((a > b) & ~same))
            case ast.GtE():
                return bool(np.all((a > b) | same))
        return self.generic_visit(op)
