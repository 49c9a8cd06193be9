-- wrk: one token after the other, each once, with pauses: nobody waits for anybody's fill.
-- Arguments: contract, the first token.
function init(args)
	contract, id = args[1], tonumber(args[2])
end

function delay()
	return 2
end

function request()
	id = id + 1
	return wrk.format("GET", "/api/collection/" .. contract .. "/nfts/" .. id)
end
