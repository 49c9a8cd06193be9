-- wrk: transfers of one token each, no two of the same transaction.
-- Arguments: key, collections, tokens of each, a number that no other run has.
function setup(thread)
	threads = (threads or 0) + 1
	thread:set("number", threads)
end

function init(args)
	collections, tokens, n = tonumber(args[2]), tonumber(args[3]), 0
	transaction = string.format("0x%032d%08d%08d", 0, tonumber(args[4]), number)
	headers = { ["Content-Type"] = "application/json", ["X-API-Key"] = args[1] }
end

function request()
	n = n + 1
	local collection = (n + number * 31) % collections
	local token = (math.floor(n / collections) + number * 37) % tokens + 1
	return wrk.format("POST", string.format("/api/collection/0x%036dbe%02x/transfers", 0, collection),
		headers, string.format('[{"from":"0x%040d","to":"0x%040d","tokenId":"%d","transactionHash":"%s%016d","logIndex":0}]',
			1, 2, token, transaction, n))
end
