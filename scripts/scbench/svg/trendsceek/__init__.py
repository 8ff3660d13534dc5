"""trendSceek: mark statistics of a point pattern against permuted marks."""
