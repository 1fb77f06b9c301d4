"""Pages and mail: sections, lists, named values and tables among prose."""
