//! What sentinels are to be asked for, and as whom.

use super::given::Given;
use super::refuse;
use crate::error::Result;
use crate::storage::options::RedisSentinel;

/// Reads the service and the sentinels' own credentials; `by_scheme` tells whether the URL says that the hosts are
/// sentinels.
pub(super) fn read(given: &Given, by_scheme: bool) -> Result<Option<RedisSentinel>> {
    let credentials = ["sentinel_username", "sentinel_password"];
    let Some(service) = given.text("service_name") else {
        if by_scheme {
            return Err(refuse(
                "the service that the sentinels watch over is not named: write \
                 redis+sentinel://host1:26379,host2:26379/service_name, with the name that `sentinel monitor` gives it",
            ));
        }
        return match credentials.into_iter().find(|option| given.text(option).is_some()) {
            Some(option) => Err(refuse(format!(
                "`{option}` is for sentinels: write redis+sentinel://host:26379/service_name, or give `service_name`"
            ))),
            None => Ok(None),
        };
    };
    let [username, mut password] = credentials.map(|option| given.text(option).map(str::to_owned));
    if username.is_some() && password.is_none() {
        if !given.is_empty("sentinel_password") {
            return Err(refuse(
                "`sentinel_username` was given without `sentinel_password`: give both, or the password alone",
            ));
        }
        password = Some(String::new());
    }
    Ok(Some(RedisSentinel { service: service.to_owned(), username, password }))
}
