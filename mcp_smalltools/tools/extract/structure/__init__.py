"""Values that stand in structures: tables, `key: value` lines, lists."""
