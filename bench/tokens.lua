-- wrk: one token after the other, each once.
-- Arguments: contract, the token before the first, milliseconds between requests.
function init(args)
	contract, id, pause = args[1], tonumber(args[2]), tonumber(args[3])
end

function delay()
	return pause
end

function request()
	id = id % 10000 + 1
	return wrk.format("GET", "/api/collection/" .. contract .. "/nfts/" .. id)
end
