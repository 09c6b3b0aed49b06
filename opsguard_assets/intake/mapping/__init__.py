"""From raw records to rows of the contract: mapping, formats, values, origin."""
