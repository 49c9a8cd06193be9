/* GET /api/collection/{address}/traits: what occurs in a collection, how often. */
#include "model/trait.h"

#include "api/call.h"
#include "api/routes.h"

enum rc trait_list(struct call *call)
{
	struct address contract;
	struct answer answer;
	enum rc rc = call_address(call, 0, "address", &contract);

	if (rc != RC_OK)
		return rc;
	return call_answer(call, trait_read(call->env, &contract, &answer), &answer);
}
