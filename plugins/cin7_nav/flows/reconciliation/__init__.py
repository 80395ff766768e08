"""Proof that nothing is missing: both systems compared, document by document and account by account."""
