package account

import (
	"fmt"

	"github.com/pailforge/pail/internal/reason"
	"github.com/pailforge/pail/internal/rest"
)

// MayGuess refuses (429) an address from which too many secrets came that nobody has. Pages that tell about a secret ask
// it first, and say with Guessed when one was not known. Failed sign-ins from the address count too.
func (r *Room) MayGuess(address string) error {
	now := r.Now()
	r.throttle.mu.Lock()
	wait := r.throttle.delay(now, "address "+address, 10*freeFailures)
	r.throttle.mu.Unlock()
	if wait <= 0 {
		return nil
	}
	seconds := int(wait.Seconds()) + 1
	return rest.Refusef(reason.RateLimited, "Too many secrets were sent that are not known here. Try again in %d s.", seconds).
		WithHeader("Retry-After", fmt.Sprint(seconds))
}

// Guessed notes that a secret came from the address that nobody has.
func (r *Room) Guessed(address string) {
	now := r.Now()
	r.throttle.mu.Lock()
	defer r.throttle.mu.Unlock()
	r.throttle.count(now, "address "+address)
}
