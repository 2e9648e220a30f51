-- Every index costs a good part of what a call's record costs. The key that tells doubles leads with the deployment, so that
-- it also lists a deployment's calls; the others end with the time, whose ties are few enough to sort.
drop index calls_by_organization;
drop index calls_by_deployment;
drop index calls_by_principal;
alter table calls drop constraint calls_pkey, add primary key (deployment_id, at, id);
create index calls_by_organization on calls (organization_id, at);
create index calls_by_principal on calls (principal_id, at);
