"""Pages and workbooks of finance."""
