-- wrk: one page after the other, of 51 to 100 tokens, each once, with pauses.
-- Arguments: contract, the first page.
function init(args)
	contract, n = args[1], tonumber(args[2])
end

function delay()
	return 5
end

function request()
	n = n + 1
	return wrk.format("GET", "/api/collection/" .. contract .. "/nfts?page=" ..
		math.floor(n / 50) .. "&pageSize=" .. (51 + n % 50))
end
