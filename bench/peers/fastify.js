// Fastify with an LRU in the process.
'use strict';
const fastify = require('fastify');
const { LRUCache } = require('lru-cache');
const { load, run } = require('./answer.js');

run(async ({ socket, file }) => {
	const cache = new LRUCache({ max: 10000, ttl: 300000 });
	const app = fastify({ logger: false });

	app.get('/api/collection/:address/*', (request, reply) => {
		let answer = cache.get(request.url);
		if (!answer) {
			answer = load(file);
			cache.set(request.url, answer);
		}
		reply.headers(answer.headers).send(answer.body);
	});
	await app.listen({ path: socket });
});
