"""The limit on methods whose packages want dense cells x genes matrices."""

from scbench.errors import SkipRunError


def within_limit(method: str, needed: float, dense_mb: float, remedy: str) -> None:
    """Skip a run whose dense matrices would not fit.

    Parameters
    ----------
    method
        Name for the message.
    needed
        Bytes.
    dense_mb
        Most MB allowed.
    remedy
        What would make it fit.

    Raises
    ------
    SkipRunError
        If more is needed than allowed.
    """
    if needed > dense_mb * 1e6:
        raise SkipRunError(
            f"{method} needs about {needed / 1e6:,.0f} MB for dense matrices, and dense_mb allows {dense_mb:,.0f} MB. "
            f"{remedy}"
        )
