"""The five forms of a card: HTML, PDF, Excel, JSON and CSV, in the reader's language."""
