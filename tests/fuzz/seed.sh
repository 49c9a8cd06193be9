#!/bin/sh
# Beginnings for the fuzzers: seed.sh NAME FOLDER writes one file a case.
set -eu
folder=$2
n=0

seed() { # seed FORMAT: printf escapes
	n=$((n + 1))
	# shellcheck disable=SC2059
	printf "$1" >"$folder/seed-$n"
}

case $1 in
cursor)
	seed 'w2\0\001a\0\003bcd'
	seed 'r1AQEAATEAAAAAAAAAAAAA'
	seed 's1\001\001\0\0021x'
	seed 's1\001\001\377\377'
	seed 's6\001\006\0\0\0\0\0\0\0\0\0\0\0\0'
	;;
import)
	seed '\000{"contract":"0x00000000000000000000000000000000000000aa","tokenId":"0x10","name":"a\\tb","attributes":[{"trait_type":"Hat","value":1.50,"display_type":"number"}]}'
	seed '\000{"contract":"0x00000000000000000000000000000000000000aa","tokenId":7,"attributes":{"Hat":"Red","Age":{"value":[null,1e30]}}}'
	seed '\001{"fid":3,"username":"u","custodyAddress":"0x00000000000000000000000000000000000000aa","verifiedAddresses":["0x00000000000000000000000000000000000000aa","7xKX"]}'
	seed '\002token_id,owner_address,balance\n5,"0x00000000000000000000000000000000000000aa",3'
	seed '\003date,from,to,token_id,tx_hash,event\n2017-06-23T10:20:30Z,,0x00000000000000000000000000000000000000aa,9,,Mint'
	seed '\004{"contract":"0x00000000000000000000000000000000000000aa","standard":"ERC721 x","chain":"gnosis","expected_supply":10}'
	;;
entry)
	seed 'r'
	seed 'w\002\003{"name":"x"}'
	seed 's\001key\0body'
	seed 'v\0\004\0\0\0\0\0\0\0\0'
	;;
reply)
	seed '\001+OK\r\n:5\r\n'
	seed '\007-MOVED 1 h:1\r\n-NOSCRIPT x\r\n'
	seed '\100*3\r\n\0444\r\nabcd\r\n\044-1\r\n*1\r\n:7\r\n'
	seed '\003*20001\r\n'
	seed '\200\044100\r\nabc'
	;;
request)
	seed 'GET\n/api/collection/0x00000000000000000000000000000000000000aa/nfts?page=0&pageSize=20&sort=rarity\n*/*\n"abc"\nid-1\n'
	seed 'HEAD\n/api/x?attributes[Hat]=Red&attributes%%5BHat%%5D=Blue+One&search=caf%%C3%%A9\ntext/html, */*;q=0.1\nW/"x", "y"\n\n'
	seed 'POST\n/a%%2Fb?owner=0xff&token=0x10&cursor=abc&page=1&page=2\napplication/json;q=0\n*\nbad id\n{}'
	seed 'OPTIONS\n/health\n\n\n\n'
	;;
scan)
	seed '\001\001\0\001\0\010\0\0\0\001\001\0\0\0\0\0\001\004\0\001\0\0\0\0\001\005\0\001\0\0\0\0'
	seed '\001\001\0\001\0\010\0\0\0\001\001\0\0\0\0\0\001\004\0\001\0\022\006\0\016\002REQUEST_METHODGE\0\0\0\0\0\0\001\004\0\001\0\0\0\0\001\005\0\001\0\002\0\0hi\001\005\0\001\0\0\0\0'
	seed '\001\001\001\001\0\010\0\0\0\001\0\0\0\0\0\0\001\004\001\001\0\007\0\0\200\0\0\001\001Ax\001\004\001\001\0\0\0\0\001\005\001\001\0\0\0\0'
	;;
*)
	echo "seed.sh: no seeds for $1" >&2
	exit 2
	;;
esac
