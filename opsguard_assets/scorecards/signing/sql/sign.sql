-- Appends a signing to the chain; returns its link.
SELECT sign_month(:client_id, :month, :number, :digest, :who, :at, :why) AS link
