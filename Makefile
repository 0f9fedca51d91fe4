.PHONY: site test docs

site:
	@scripts/site

test:
	@scripts/test

docs:
	@scripts/docs
