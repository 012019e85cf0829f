-- SPDX-License-Identifier: MIT
-- What users of SQLite rely on; the host runs the same and must answer the same.
create table item(id integer primary key, name text not null, size integer, unique(name));
begin;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
insert into item select i, 'item ' || i, i * i % 1000 from n;
commit;
select count(*), sum(size), min(name), max(name) from item;

-- What is rolled back is gone, what is inside of a savepoint as well.
begin;
delete from item where id > 10;
savepoint inner;
delete from item;
rollback to inner;
select count(*) from item;
rollback;
select count(*) from item;

-- Constraints end a statement whole.
insert into item select id + 100000, name, 0 from item where id = 1;
insert or ignore into item values (200000, 'item 1', 0);
select count(*) from item;

create index by_size on item(size);
analyze;
select size, count(*) from item where size between 5 and 20 group by size order by 2 desc, 1 limit 3;
select name, rank() over (order by size, id) from item where id between 7 and 9 order by id;
with recursive f(a, b) as (select 0, 1 union all select b, a + b from f limit 50) select max(a) from f;
select json_extract('{"a":[1,{"b":"deep"}]}', '$.a[1].b'), printf('%.3f', sqrt(2)), upper(substr('text', 2));

create table log(what text);
create trigger t after delete on item begin insert into log values (old.name); end;
delete from item where id % 1000 = 0;
select count(*), max(what) from log;

pragma journal_mode = truncate;
vacuum;
pragma integrity_check;
pragma locking_mode = exclusive;
pragma journal_mode = wal;
update item set size = size + 1 where id < 1000;
select sum(size) from item where id < 1000;
pragma wal_checkpoint(truncate);
pragma integrity_check;
pragma journal_mode = delete;
