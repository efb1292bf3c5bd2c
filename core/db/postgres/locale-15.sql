-- How to create a database like this one; since 15 there are locale providers.
SELECT pg_catalog.format('TEMPLATE template0 ENCODING %L LC_COLLATE %L LC_CTYPE %L',
	pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype)
       || CASE datlocprovider WHEN 'i'
	  THEN pg_catalog.format(' LOCALE_PROVIDER icu ICU_LOCALE %L', daticulocale)
	  ELSE '' END
FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database()
