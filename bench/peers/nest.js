// NestJS (on its Fastify platform, the faster one) with cache-manager over Redis.
'use strict';
require('reflect-metadata');
const { Controller, Get, Inject, Module, Req, Res } = require('@nestjs/common');
const { NestFactory } = require('@nestjs/core');
const { FastifyAdapter } = require('@nestjs/platform-fastify');
const { CACHE_MANAGER, CacheModule } = require('@nestjs/cache-manager');
const { default: KeyvRedis } = require('@keyv/redis');
const { Keyv } = require('keyv');
const { load, run } = require('./answer.js');

// Decorators as functions: no compiler is needed.
function controller(file) {
	class Answers {
		constructor(cache) {
			this.cache = cache;
		}

		async show(request, reply) {
			let answer = await this.cache.get(request.url);
			if (!answer) {
				answer = load(file);
				await this.cache.set(request.url, answer);
			}
			reply.headers(answer.headers).send(answer.body);
		}
	}
	const show = Object.getOwnPropertyDescriptor(Answers.prototype, 'show');
	Controller('api/collection')(Answers);
	Inject(CACHE_MANAGER)(Answers, undefined, 0);
	Get(':address/*')(Answers.prototype, 'show', show);
	Req()(Answers.prototype, 'show', 0);
	Res()(Answers.prototype, 'show', 1);
	return Answers;
}

run(async ({ socket, file, redis }) => {
	const stores = [new Keyv({ store: new KeyvRedis({ socket: { path: redis } }) })];
	class App {}
	Module({
		imports: [CacheModule.register({ stores, ttl: 300000 })],
		controllers: [controller(file)],
	})(App);
	const app = await NestFactory.create(App, new FastifyAdapter(), { logger: ['error'] });
	await app.listen({ path: socket });
});
