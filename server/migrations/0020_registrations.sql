-- What a link that confirms a new account's address was asked for with: whoever opens it takes the account with just this
-- name and password, whoever else signed up with the address. Null: the account has its own.
alter table account_links
  add column name text,
  add column password text,
  add check ((name is null) = (password is null)),
  add check (password is null or purpose = 'email');
