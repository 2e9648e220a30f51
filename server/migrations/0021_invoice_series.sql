-- Invoices of test organizations are numbered in a series of their own, so that a rehearsal takes no numbers of the books.
-- A number that was given stays: what they have been issued so far keeps its place in the standard series.
alter table invoice_numbers
  drop column only_row,
  add column series text primary key default 'standard' check (series in ('standard', 'test'));
alter table invoice_numbers alter column series drop default;
insert into invoice_numbers (series) values ('test');

alter table invoices
  add column series text not null default 'standard' references invoice_numbers,
  drop constraint invoices_number_key,
  add constraint invoices_number unique (series, number);
alter table invoices alter column series drop default;
