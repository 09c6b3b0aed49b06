-- Makes the role of readers where this user may.
SELECT finance_readers()
