// What the peers share: one ready answer (headers, an empty line, the body), the same bytes that
// such-market sends for a hit, and a cluster of workers on one Unix socket.
'use strict';
const cluster = require('node:cluster');
const fs = require('node:fs');

// Stands for the database: only a miss comes here.
exports.load = (file) => {
	const bytes = fs.readFileSync(file);
	const end = bytes.indexOf('\r\n\r\n');
	const headers = {};
	for (const line of bytes.subarray(0, end).toString().split('\r\n')) {
		const colon = line.indexOf(': ');
		headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
	}
	return { headers, body: bytes.subarray(end + 4) };
};

exports.run = (worker) => {
	const [socket, workers, file, redis] = process.argv.slice(2);
	if (!file) {
		console.error('usage: node PEER.js SOCKET WORKERS FILE [REDIS-SOCKET]');
		process.exit(2);
	}
	if (!cluster.isPrimary) {
		worker({ socket, file, redis }).catch((error) => {
			console.error(error);
			process.exit(1);
		});
		return;
	}
	for (let i = 0; i < Number(workers); i++)
		cluster.fork();
	cluster.on('exit', () => process.exit(1));
};
