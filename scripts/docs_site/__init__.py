"""The documentation site: pages generated from the rules, built strictly, no request leaves them."""
