-- wrk: tokens as they are asked for in life, the n-th as often as n^-0.9 says.
-- Arguments: contract, how many tokens.
function setup(thread)
	seed = (seed or 0) + 1
	thread:set("seed", seed)
end

function init(args)
	local sum = 0
	contract, count, upto = args[1], tonumber(args[2]), {}
	for n = 1, count do
		sum = sum + n ^ -0.9
		upto[n] = sum
	end
	math.randomseed(seed)
end

function request()
	local want, low, high = math.random() * upto[count], 1, count
	while low < high do
		local middle = math.floor((low + high) / 2)
		if upto[middle] < want then
			low = middle + 1
		else
			high = middle
		end
	end
	return wrk.format("GET", "/api/collection/" .. contract .. "/nfts/" .. low)
end
