"""Executive scorecards: key figures by client and month, what acting was worth, one card in five forms, its signing."""
