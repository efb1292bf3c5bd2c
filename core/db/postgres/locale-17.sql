-- How to create a database like this one; since 17 one column names the locale
-- of any provider but libc.
SELECT pg_catalog.format('TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
	pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype)
       || CASE datlocprovider
	  WHEN 'i' THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L', datlocale)
	  WHEN 'b' THEN pg_catalog.format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', datlocale)
	  ELSE '' END
       || coalesce(pg_catalog.format(' ICU_RULES %L', daticurules), '')
FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database()
