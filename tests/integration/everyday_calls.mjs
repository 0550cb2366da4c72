// The everyday calls of an application, by the official JavaScript client:
//
//   node everyday_calls.mjs URL INDEX
//
// Prints one line of JSON for each: its name and what the client made of the response. The client is
// looked for where NODE_PATH says.
import { createRequire } from 'node:module';

const { Client } = createRequire(import.meta.url)('@opensearch-project/opensearch');
const [url, index] = process.argv.slice(2);
const client = new Client({ node: url, requestTimeout: 120_000, maxRetries: 0 });

const refresh = true;
const ids = (hits) => hits.map((hit) => hit._id);

async function indexThree() {
  const answers = [];
  for (const n of [0, 1, 2]) {
    const body = { n, text: `söme text ${n}` };
    answers.push(await client.index({ index, id: `${n}`, body, refresh }));
  }
  return answers.map((response) => response.body);
}

// What was written after its start is in none of its pages.
async function scrolled() {
  const pages = [];
  let page = await client.search({ index, scroll: '1m', size: 20, body: { sort: ['n'] } });
  await client.index({ index, id: 'late', body: { n: 0 }, refresh });
  while (page.body.hits.hits.length > 0) {
    pages.push(ids(page.body.hits.hits));
    page = await client.scroll({ body: { scroll_id: page.body._scroll_id, scroll: '1m' } });
  }
  const cleared = await client.clearScroll({ body: { scroll_id: [page.body._scroll_id] } });
  await client.delete({ index, id: 'late', refresh });
  return [pages, cleared.body];
}

async function pointsInTime() {
  const { body: { pit_id } } = await client.createPit({ index, keep_alive: '1m' });
  await client.index({ index, id: 'late', body: { n: 0 }, refresh });
  const pages = [];
  for (let after = {}; ;) {
    const pit = { id: pit_id, keep_alive: '1m' };
    const { body } = await client.search({ body: { size: 20, sort: ['n'], pit, ...after } });
    const hits = body.hits.hits;
    if (hits.length === 0) break;
    pages.push(ids(hits));
    after = { search_after: hits.at(-1).sort };
  }
  const deleted = await client.deletePit({ body: { pit_id: [pit_id] } });
  await client.delete({ index, id: 'late', refresh });
  return [pages, deleted.body.pits.map((pit) => pit.successful)];
}

async function bulk() {
  const documents = Array.from({ length: 50 }, (_, n) => ({ id: `b${n}`, n: 100 + n }));
  const { total, failed, successful, aborted } = await client.helpers.bulk({
    datasource: documents,
    onDocument: ({ id }) => ({ index: { _index: index, _id: id } }),
    refreshOnCompletion: index,
  });
  return { total, failed, successful, aborted };
}

async function failure(call) {
  try {
    return { unexpected: (await call()).body };
  } catch (error) {
    return { name: error.name, status: error.statusCode, body: error.meta?.body };
  }
}

const escaped = { index, id: 'a/b c+d%' };
const settings = { number_of_shards: 1, number_of_replicas: 0 };
const calls = {
  create: () => client.indices.create({ index, body: { settings } }),
  index: indexThree,
  exists: () => client.exists({ index, id: '1' }),
  'does not exist': () => client.exists({ index, id: 'nope' }),
  get: () => client.get({ index, id: '1' }),
  'index an id that must be escaped': () => client.index({ ...escaped, body: { n: 9 }, refresh }),
  'get it': () => client.get(escaped),
  'delete it': () => client.delete({ ...escaped, refresh }),
  update: () => client.update({ index, id: '1', body: { doc: { n: 11 } }, refresh }),
  search: () => client.search({ index, body: { query: { match: { text: 'söme' } } } }),
  'search in the URL': () => client.search({ index, q: 'text:some OR n:2' }),
  aggregation: () =>
    client.search({ index, body: { size: 0, aggs: { n: { stats: { field: 'n' } } } } }),
  count: () => client.count({ index }),
  mget: () => client.mget({ index, body: { ids: ['0', '1', 'nope'] } }),
  msearch: () =>
    client.msearch({ body: [{ index }, { query: { match_all: {} }, sort: ['n'] }, { index }, {}] }),
  bulk,
  scroll: scrolled,
  'point in time': pointsInTime,
  mapping: async () => Object.values((await client.indices.getMapping({ index })).body),
  'delete by query': () =>
    client.deleteByQuery({ index, body: { query: { range: { n: { gte: 100 } } } }, refresh }),
  delete: () => client.delete({ index, id: '2', refresh }),
  'what is left': () => client.search({ index, body: { sort: ['n'] } }),
  'no such document': () => failure(() => client.get({ index, id: 'nope' })),
  'malformed query': () =>
    failure(() => client.search({ index, body: { query: { no_such_query: {} } } })),
  'version conflict': () =>
    failure(() => client.create({ index, id: '0', body: { n: 1 } })),
};

for (const [name, call] of Object.entries(calls)) {
  const response = await call();
  const status = response.statusCode ?? null;
  console.log(JSON.stringify({ name, status, response: response.body ?? response }));
}
await client.close();
